# What is under care on this host: the sample API, the caller's apps and PostgreSQL, each finished from data to its
# scrape jobs, probes, rules and remedies.
{
  host,
  runbookUrl,
  timing,
  ports,
  units,
  users,
  paths,
  demo,
  api,
  apps,
  otlpEndpoint,
  postgresqlRemedy,
  without,
}:
let
  base = { inherit host runbookUrl timing; };

  sample = import ./api.nix {
    unit = units.api;
    inherit ports demo otlpEndpoint;
    databaseSocket = paths.postgresqlSocket;
    databaseRole = users.api;
  };
  # What a caller says about an app that is already there is laid over it, remedy and thresholds too.
  overlay =
    below: above:
    below
    // above
    // {
      remedy = (below.remedy or { }) // (above.remedy or { });
      thresholds = (below.thresholds or { }) // (above.thresholds or { });
    };
  sampled = if api then { ${users.api} = sample.app; } else { };
  allApps = apps // builtins.mapAttrs (name: below: overlay below (apps.${name} or { })) sampled;

  finish = import ./apps.nix (base // { inherit ports; });
  finished = map (name: finish name allApps.${name}) (builtins.attrNames allApps);

  postgresql = import ./postgresql.nix (
    base
    // {
      unit = units.postgresql;
      remedy = postgresqlRemedy;
    }
  );
in
{
  inherit sample postgresql;
  cared = finished ++ (if builtins.elem "postgres" without then [ ] else [ postgresql.care ]);
}
