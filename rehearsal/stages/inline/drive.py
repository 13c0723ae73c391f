"""Deploys a program twice with Pulumi's Automation API, destroys it, and prints the results.

    drive.py PROJECT STACK FOLDER POLICIES EXCEPTIONS

FOLDER contains program.py, its Pulumi.yaml and the stack's configuration.
"""

import json
import sys
from typing import Any

from pulumi import automation


def main(project: str, stack: str, folder: str, policies: str, exceptions: str) -> None:
    sys.path.insert(0, folder)
    from program import program

    def told(text: str) -> None:
        print(text, file=sys.stderr)

    selected = automation.select_stack(stack, project, program, opts=automation.LocalWorkspaceOptions(work_dir=folder))
    held: dict[str, Any] = {"policy_packs": [policies], "policy_pack_configs": [exceptions], "on_output": told, "color": "never"}
    first = selected.up(**held).summary.resource_changes or {}
    second = selected.up(**held).summary.resource_changes or {}
    selected.destroy(on_output=told, color="never")
    print(json.dumps({"resources": sum(first.values()), "second_up_changes": sum(n for op, n in second.items() if op not in ("same", "read"))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
