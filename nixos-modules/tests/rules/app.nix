# AppDown and UnitFailed, for the sample API and for foreign apps.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  up = app: "up{host=\"web1\",app=\"${app}\",unit=\"${app}.service\",job=\"app/${app}\"}";
  probe =
    app: "probe_success{host=\"web1\",app=\"${app}\",unit=\"${app}.service\",job=\"probe/${app}\"}";
  state =
    unit: state:
    "node_systemd_unit_state{host=\"web1\",job=\"node\",name=\"${unit}\",state=\"${state}\",type=\"simple\"}";

  down =
    app:
    alert {
      severity = "critical";
      component = app;
      unit = "${app}.service";
    } "appdown" "${app} is down on web1" "The metrics of ${app} cannot be scraped, or its probe fails.";
  failed =
    component: unit:
    alert
      {
        severity = "warning";
        inherit component unit;
      }
      "unitfailed"
      "${unit} has failed on web1"
      "systemd has given up on ${unit}; its journal says why.";
in
write.file [
  (case "an app that cannot be scraped is down after 30 s, and up again at once"
    {
      ${up "homeostat-api"} = "1x4 0x6 1x20";
      ${probe "homeostat-api"} = "1x40";
      ${up "shop"} = "1x40";
      ${probe "shop"} = "1x40";
    }
    [
      (silent "AppDown" "1m15s")
      (silent "AppDown" "1m30s")
      (fires "AppDown" "1m45s" [ (down "homeostat-api") ])
      (fires "AppDown" "2m45s" [ (down "homeostat-api") ])
      (silent "AppDown" "3m")
    ]
  )
  (case "an app whose metrics answer but whose probe fails is down"
    {
      ${up "shop"} = "1x40";
      ${probe "shop"} = "1x4 0x40";
    }
    [
      (silent "AppDown" "1m")
      (fires "AppDown" "2m" [ (down "shop") ])
    ]
  )
  (case "one alert, not two, when both ways of looking fail" {
    ${up "shop"} = "0x40";
    ${probe "shop"} = "0x40";
  } [ (fires "AppDown" "1m" [ (down "shop") ]) ])
  (case "an app without metrics is known by its probe alone, and no data is not down"
    {
      ${probe "ledger"} = "_x4 0x40";
    }
    [
      (silent "AppDown" "45s")
      (fires "AppDown" "2m" [ (down "ledger") ])
    ]
  )
  (case "a failing blackbox exporter is not a failing app" {
    "up{host=\"web1\",app=\"shop\",unit=\"shop.service\",job=\"probe/shop\"}" = "0x40";
    ${up "shop"} = "1x40";
  } [ (silent "AppDown" "5m") ])
  (case "another host's app is not ours"
    {
      "up{host=\"web2\",app=\"shop\",unit=\"shop.service\",job=\"app/shop\"}" = "0x40";
      "node_systemd_unit_state{host=\"web2\",job=\"node\",name=\"shop.service\",state=\"failed\"}" =
        "1x40";
    }
    [
      (silent "AppDown" "5m")
      (silent "UnitFailed" "5m")
    ]
  )
  (case "a failed unit under care fires after 30 s; one that is not under care never"
    {
      ${state "shop.service" "failed"} = "0x4 1x6 0x20";
      ${state "shop.service" "active"} = "1x4 0x6 1x20";
      ${state "cron.service" "failed"} = "1x40";
    }
    [
      (silent "UnitFailed" "1m30s")
      (fires "UnitFailed" "2m" [ (failed "shop" "shop.service") ])
      (silent "UnitFailed" "3m")
    ]
  )
  (case "a unit name with a backslash and an at sign" {
    ${state "mail\\\\x2dqueue@main.service" "failed"} = "1x40";
  } [ (fires "UnitFailed" "1m" [ (failed "mailer" "mail\\x2dqueue@main.service") ]) ])
  (case "the sample API's unit" { ${state "homeostat-api.service" "failed"} = "1x40"; } [
    (fires "UnitFailed" "1m" [ (failed "homeostat-api" "homeostat-api.service") ])
  ])
]
