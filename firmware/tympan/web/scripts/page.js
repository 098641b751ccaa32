// The page at "/": what the printers do is fetched anew every five seconds; the panel of a simulation is live.
// Everything works without this file too: the page then refreshes itself, and buttons are forms.
"use strict";

const printers = document.getElementById("printers");
const panel = document.getElementById("panel");

async function refresh() {
  try {
    const answer = await fetch("/", { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("printers");
    if (fresh && fresh.innerHTML !== printers.innerHTML) printers.innerHTML = fresh.innerHTML;
  } catch { /* the service is away: the panel's line says so */ }
}

function show(state) {
  panel.querySelector(".says").textContent = state.says;
  for (const light of state.lights) {
    const element = panel.querySelector(`[data-light="${light.name}"]`);
    element.dataset.colour = light.colour;
    element.setAttribute("aria-label", `${light.label}: ${light.on ? light.colour : "off"}`);
  }
  const buzzer = panel.querySelector("[data-buzzer]");
  if (buzzer && state.buzzer) buzzer.dataset.buzzer = state.buzzer.on ? "on" : "off";
  for (const button of state.buttons) {
    const element = panel.querySelector(`[data-button="${button.name}"]`);
    element.classList.toggle("down", button.down);
    if (button.stays) element.setAttribute("aria-pressed", String(button.down));
  }
}

let sent = Promise.resolve(); // one request after the other: a release never overtakes its press
function push(name, down) {
  const body = new URLSearchParams({ button: name });
  sent = sent.then(() => fetch(down ? "/panel/press" : "/panel/release", { method: "POST", body })).catch(() => {});
}

function wire(element) {
  const name = element.dataset.button;
  if (element.dataset.stays) {
    element.addEventListener("click", (event) => {
      event.preventDefault();
      push(name, element.getAttribute("aria-pressed") !== "true");
    });
    return;
  }
  let down = false;
  const press = () => { if (!down) { down = true; element.classList.add("down"); push(name, true); } };
  const release = () => { if (down) { down = false; element.classList.remove("down"); push(name, false); } };
  element.addEventListener("click", (event) => event.preventDefault());
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    press();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) element.addEventListener(end, release);
  element.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) press();
  });
  element.addEventListener("keyup", (event) => {
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); release(); }
  });
  window.addEventListener("pagehide", () => {
    if (down) navigator.sendBeacon("/panel/release", new URLSearchParams({ button: name }));
  });
}

function listen() {
  const events = new EventSource("/events");
  events.addEventListener("panel", (event) => { panel.classList.remove("lost"); show(JSON.parse(event.data)); });
  events.addEventListener("error", () => {
    panel.classList.add("lost");
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000); // refused: browsers leave it at that
  });
}

document.documentElement.classList.add("scripted");
setInterval(refresh, 5000);
if (panel) {
  panel.querySelectorAll("[data-button]").forEach(wire);
  listen();
}
