# Where the runbook tells about an alert: one heading per alert, in the anchor form of rendered Markdown.
runbookUrl: alertname:
let
  upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  lower = "abcdefghijklmnopqrstuvwxyz";
  characters =
    text: builtins.genList (index: builtins.substring index 1 text) (builtins.stringLength text);
in
"${runbookUrl}#${builtins.replaceStrings (characters upper) (characters lower) alertname}"
