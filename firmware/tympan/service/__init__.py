"""The service: printers with their queues, the life of a job from acceptance to the device and into history."""
