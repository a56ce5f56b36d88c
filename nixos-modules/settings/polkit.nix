# The polkit rule, as JavaScript, for the permits of the remediator's configuration.
#
# It says YES to one user for exact pairs of unit and verb, and gives no answer to anything else, so
# that systemd's own default (an administrator's password) decides. Calls that are not about one unit,
# StartTransientUnit among them, carry neither unit nor verb and so match no pair.
{ user, permits }:
let
  # What systemd asks polkit about when the remediator does what its verb says. It asks about `restart` too, for
  # RestartUnit, and nobody gets that: it starts a unit that somebody has just stopped.
  asked = {
    restart = [ "try-restart" ];
    reload-or-restart = [ "reload-or-try-restart" ];
    start = [ "start" ];
    rescue = [
      "reset-failed"
      "start"
    ];
  };
  once =
    words:
    builtins.attrNames (
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = null;
        }) words
      )
    );
  pairs = builtins.concatMap (
    unit:
    map (verb: [
      unit
      verb
      # Another verb is refused with its cure by the remediator's own check.
    ]) (once (builtins.concatMap (verb: asked.${verb} or [ ]) permits.${unit}.verbs))
  ) (builtins.attrNames permits);
in
''
  // What the remediator may do to which unit. Made from its rules; change those instead.
  polkit.addRule(function (action, subject) {
      if (action.id !== "org.freedesktop.systemd1.manage-units") {
          return polkit.Result.NOT_HANDLED;
      }
      if (subject.user !== ${builtins.toJSON user}) {
          return polkit.Result.NOT_HANDLED;
      }
      var permits = ${builtins.toJSON pairs};
      var unit = action.lookup("unit");
      var verb = action.lookup("verb");
      for (var i = 0; i < permits.length; i++) {
          if (permits[i][0] === unit && permits[i][1] === verb) {
              return polkit.Result.YES;
          }
      }
      return polkit.Result.NOT_HANDLED;
  });
''
