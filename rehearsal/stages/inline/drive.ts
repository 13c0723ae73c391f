// Deploys a program twice by Pulumi's Automation API, destroys it, and prints what that came to.
//
//     drive.js PROJECT STACK FOLDER POLICIES EXCEPTIONS INPUTS
//
// FOLDER holds the program's Pulumi.yaml and the stack's configuration. INPUTS is JSON: what resources are given besides, by their type.
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { program } from "./program/program";

type Inputs = { [name: string]: any };

const [projectName, stackName, workDir, policies, exceptions, inputs] = process.argv.slice(2);
const besides: { [type: string]: Inputs } = JSON.parse(inputs);

function merged(into: Inputs, from: Inputs): Inputs {
    const all: Inputs = { ...into };
    for (const [name, value] of Object.entries(from)) {
        all[name] = typeof value === "object" ? merged(all[name] ?? {}, value) : value;
    }
    return all;
}

function count(changes: { [op: string]: number } | undefined, but: string[] = []): number {
    return Object.entries(changes ?? {}).reduce((sum, [op, n]) => (but.includes(op) ? sum : sum + n), 0);
}

async function adapted(): Promise<Inputs> {
    pulumi.runtime.registerStackTransformation(({ type, props, opts }) => ({ props: merged(props, besides[type] ?? {}), opts }));
    return program();
}

async function main(): Promise<void> {
    const stack = await LocalWorkspace.selectStack({ projectName, stackName, program: adapted }, { workDir });
    const told = { onOutput: (text: string) => void process.stderr.write(text), color: "never" as const };
    const held = { ...told, policyPacks: [policies], policyPackConfigs: [exceptions] };
    const first = await stack.up(held);
    const second = await stack.up(held);
    await stack.destroy(told);
    console.log(JSON.stringify({
        resources: count(first.summary.resourceChanges),
        second_up_changes: count(second.summary.resourceChanges, ["same", "read"]),
    }));
}

main().catch((err) => {
    console.error(err);
    process.exit(1);
});
