"""The contract between the firmware and what knows hardware, and the registry that finds the plug-ins."""
