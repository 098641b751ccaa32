"""The panel: lights, buzzer and buttons.

What they show and what pressing means is a state machine without clock and without input or output (`pattern`, `button`,
`pin_entry`, `situation`, `faces`, `machine`); `gpio` binds it to pins by gpiozero, `actions` to the service, `board` to the loop.
"""
