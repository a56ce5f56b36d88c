# A name that our configuration and the host's own both use, where the program takes each once. Lists of both are joined,
# so nothing but the program would tell, and not who is meant.
{
  config,
  options,
  lib,
  ...
}:
let
  cfg = config.services.homeostat;

  # Where an element of a joined list is defined.
  places =
    option: list: holds:
    lib.unique (
      map (definition: toString definition.file) (
        lib.filter (
          definition:
          let
            value = list definition.value;
          in
          builtins.isList value && lib.any holds value
        ) option.definitionsWithLocations
      )
    );

  once =
    {
      # What is joined, and what one of it is called.
      name,
      kind,
      option,
      # The list in the whole, and in one definition.
      list,
      # The name of one.
      key,
      whole,
    }:
    let
      names = map (one: one.${key}) whole;
      twice = lib.filter (one: lib.count (other: other == one) names > 1) (lib.unique names);
      told = one: ''
        ${name} has two ${kind} named "${one}", in ${
          lib.concatStringsSep " and " (places option list (other: other.${key} or null == one))
        }, and a name can be there once. Those of Homeostat are in nixos-modules/settings; rename yours.'';
    in
    {
      assertion = twice == [ ];
      message = lib.concatMapStringsSep "\n" told twice;
    };
in
{
  config.assertions = lib.mkIf cfg.enable (
    lib.optional cfg.prometheus.enable (once {
      name = "services.prometheus.scrapeConfigs";
      kind = "jobs";
      option = options.services.prometheus.scrapeConfigs;
      list = definition: definition;
      key = "job_name";
      whole = config.services.prometheus.scrapeConfigs;
    })
    ++ lib.optional cfg.alertmanager.enable (once {
      name = "services.homeostat.alertmanager.settings.receivers";
      kind = "receivers";
      option = options.services.homeostat.alertmanager.settings;
      list = definition: definition.receivers or [ ];
      key = "name";
      whole = cfg.alertmanager.settings.receivers or [ ];
    })
  );
}
