# Where people are reached, as Alertmanager names it: [ { url } or { url_file } ].
{
  receivers,
  demo,
  ports,
}:
let
  target =
    { webhook, ... }:
    if (webhook.urlFile or null) == null then
      { inherit (webhook) url; }
    else
      { url_file = webhook.urlFile; };
in
map target (builtins.attrValues receivers)
++ (if demo then [ { url = "http://127.0.0.1:${toString ports.sink}/"; } ] else [ ])
