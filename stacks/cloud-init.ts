import * as pulumi from '@pulumi/pulumi'

/** What a new machine does by itself at its first boot. */
export const cloudInit = ({ sshKeys, disk }: { sshKeys: string[]; disk: pulumi.Input<string> }): pulumi.Output<string> =>
  pulumi.output(disk).apply((path) => `#cloud-config\nusers:\n  - name: lifeboat\n    ssh_authorized_keys: ${JSON.stringify(sshKeys)}\n# ${path}\n`)
