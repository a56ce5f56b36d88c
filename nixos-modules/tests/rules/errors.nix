# HighErrorRate: more than 5 % server errors over two minutes, at no less than six requests a minute, for one minute.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  target = app: "host=\"web1\",app=\"${app}\",unit=\"${app}.service\",job=\"app/${app}\"";
  up = app: "up{${target app}}";
  requests =
    app: route: status:
    "http_server_request_duration_seconds_count{${target app},http_route=\"${route}\",http_response_status_code=\"${status}\"}";
  api = requests "homeostat-api" "/transactions";
  broken =
    app: percent:
    alert
      {
        severity = "critical";
        component = app;
        unit = "${app}.service";
      }
      "higherrorrate"
      "${app} answers with errors on web1"
      "${percent} % of the requests to ${app} end in a server error; the limit is 5 %.";
  name = "HighErrorRate";
in
write.file [
  (case "one request in six fails: pending for a minute, then firing, then recovered"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x60";
      ${api "500"} = "0x8 0+3x12 36x60";
    }
    [
      # Not yet for long enough.
      (silent name "2m45s")
      (fires name "5m" [ (broken "homeostat-api" "17") ])
      (silent name "9m")
    ]
  )
  (case "a share below the limit is silent"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+100x60";
      ${api "500"} = "0+4x60";
    }
    [ (silent name "10m") ]
  )
  (case "client errors are no server errors"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x60";
      ${api "404"} = "0+15x60";
    }
    [ (silent name "10m") ]
  )
  (case "twenty errors in one second under a status that was never seen before"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x60";
      ${requests "homeostat-api" "/error" "500"} = "_x12 20x60";
    }
    [
      (silent name "3m45s")
      (fires name "4m30s" [ (broken "homeostat-api" "14") ])
      (silent name "6m")
    ]
  )
  (case "an old counter of a target that we only just met is not news"
    {
      ${up "homeostat-api"} = "_x12 1x60";
      ${api "200"} = "_x12 90000x60";
      ${api "500"} = "_x12 9000x60";
    }
    [
      (silent name "4m30s")
      (silent name "8m")
    ]
  )
  (case "nothing but errors"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "503"} = "0+3x60";
    }
    [ (fires name "5m" [ (broken "homeostat-api" "100") ]) ]
  )
  (case "no traffic is neither an error nor a division by zero"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "500x60";
      ${api "500"} = "500x60";
    }
    [ (silent name "10m") ]
  )
  (case "four requests a minute, all failing, are too few to say anything"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "500"} = "0+1x60";
    }
    [ (silent name "10m") ]
  )
  (case "the stack's own probes and scrapes do not lift an idle app over the guard"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "500"} = "0+1x60";
      ${requests "homeostat-api" "/live" "200"} = "0+1x60";
      ${requests "homeostat-api" "/metrics" "200"} = "0+1x60";
    }
    [ (silent name "10m") ]
  )
  (case "a restart zeroes the counters and is no burst of errors"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x20 0+15x40";
      ${api "500"} = "400x20 0x40";
    }
    [
      (silent name "5m30s")
      (silent name "6m30s")
      (silent name "8m")
    ]
  )
  (case "errors on both sides of a restart still fire"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x20 0+15x40";
      ${api "500"} = "0+3x20 0+3x40";
    }
    [ (fires name "10m" [ (broken "homeostat-api" "17") ]) ]
  )
  (case "a foreign app under care by data alone, and only that app"
    {
      ${up "shop"} = "1x60";
      ${up "homeostat-api"} = "1x60";
      ${requests "shop" "/buy" "200"} = "0+15x60";
      ${requests "shop" "/buy" "502"} = "0+15x60";
      ${api "200"} = "0+15x60";
    }
    [ (fires name "5m" [ (broken "shop" "50") ]) ]
  )
]
