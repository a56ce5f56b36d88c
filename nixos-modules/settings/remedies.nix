# The remediator's rules for one unit under care, from the alerts that have a remedy:
#   { name; unit; remedy = { attempts; cooldown; mode; }; alerts = [ { on; rule; ladder; window; proof; } ]; }
# Permits, polkit and Alertmanager's routes are derived from these rules, so that none of them can
# name a unit or an alert that another does not.
{ timing }:
{
  name,
  unit,
  remedy,
  alerts,
}:
let
  # As the option is called; who calls the settings by hand finds the app by its name.
  option = "services.homeostat.apps.${name}";
  refuse = key: problem: throw "${option}.${key}: ${problem}";

  inherit (import ./remedy-words.nix)
    verbs
    former
    modes
    forbidden
    ;

  unknown = builtins.filter (verb: !(builtins.elem verb verbs)) (
    remedy.ladder or [ ] ++ builtins.concatMap (alert: alert.ladder) alerts
  );

  ruleFor =
    alert:
    if alert.ladder == [ ] then
      refuse "remedy.ladder" "no rung helps against ${alert.on} (${alert.rule.alert}); add restart for errors and latency, rescue for failed, or take ${alert.on} out of remedy.on"
    else
      {
        name = "${name}/${alert.rule.alert}";
        inherit (alert.rule) alert;
        match = { inherit unit; };
        inherit (alert.rule) labels;
        inherit unit;
        inherit (alert) ladder proof;
        inherit (remedy) mode attempts;
        cooldown_seconds = remedy.cooldown;
        attempts_window_seconds = timing.attemptsWindow;
        settle_seconds = timing.settle;
        window_seconds = alert.window;
        grace_seconds = timing.grace;
      };
in
if builtins.match "[A-Za-z0-9:_.@\\-]+[.]service" unit == null then
  refuse "unit" "${unit} is not the full name of a service; write it with its suffix .service"
else if alerts != [ ] && forbidden unit then
  refuse "unit" "${unit} is never healed automatically; set ${option}.remedy.on = [ ] to watch it only"
else if unknown != [ ] then
  refuse "remedy.ladder" "${builtins.head unknown} is no verb; ${
    if former ? ${builtins.head unknown} then
      "write ${former.${builtins.head unknown}}"
    else
      "use some of ${toString verbs}"
  }"
else if !(builtins.elem remedy.mode modes) then
  refuse "remedy.mode" "${remedy.mode} is no mode; use one of ${toString modes}"
else
  map ruleFor alerts
