"""The deployment: template.yaml and the artifact that `sam build` makes of it.

Owns what the template promises, by the words of CloudFormation, IAM and CloudWatch. Knows of the
function only that it answers hook events; tests/runtime has the emulator and the rest.
"""
