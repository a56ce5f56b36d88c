# HighLatency: the 95th percentile over two minutes above 500 ms, for two minutes.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  # Cumulative buckets: `fast` requests up to 0.5 s, all of them up to 1 s.
  histogram =
    app: route: fast: all:
    let
      labels = "host=\"web1\",app=\"${app}\",unit=\"${app}.service\",job=\"app/${app}\",http_route=\"${route}\",http_response_status_code=\"200\"";
      bucket = le: "http_server_request_duration_seconds_bucket{${labels},le=\"${le}\"}";
    in
    {
      ${bucket "0.25"} = fast;
      ${bucket "0.5"} = fast;
      ${bucket "1"} = all;
      ${bucket "+Inf"} = all;
      "http_server_request_duration_seconds_count{${labels}}" = all;
    };
  slow =
    app: milliseconds:
    alert
      {
        severity = "warning";
        component = app;
        unit = "${app}.service";
      }
      "highlatency"
      "${app} answers slowly on web1"
      "One request in twenty to ${app} takes longer than ${milliseconds} ms; the limit is 500 ms.";
  name = "HighLatency";
in
write.file [
  (case "slow requests: pending for two minutes, then firing, then recovered"
    (histogram "homeostat-api" "/transactions" "0+15x8 120x20 120+15x60" "0+15x100")
    [
      (silent name "2m")
      (silent name "4m")
      (fires name "7m" [ (slow "homeostat-api" "975") ])
      (silent name "10m")
    ]
  )
  (case "one slow request in thirty is silent" (histogram "homeostat-api" "/transactions" "0+29x60"
    "0+30x60"
  ) [ (silent name "10m") ])
  (case "no traffic has no quantile" (histogram "homeostat-api" "/transactions" "7x60" "900x60") [
    (silent name "10m")
  ])
  (case "four slow requests a minute are too few" (histogram "homeostat-api" "/transactions" "0x60"
    "0+1x60"
  ) [ (silent name "10m") ])
  (case "a slow health check is no slow answer to a user" (histogram "homeostat-api" "/health" "0x60"
    "0+15x60"
  ) [ (silent name "10m") ])
  (case "a restart zeroes the buckets and is no slowness"
    (histogram "homeostat-api" "/transactions" "0+15x20 0+15x40" "0+15x20 0+15x40")
    [
      (silent name "6m")
      (silent name "10m")
    ]
  )
  (case "a foreign app under care by data alone" (histogram "shop" "/buy" "0x60" "0+15x60") [
    (fires name "6m" [ (slow "shop" "975") ])
  ])
]
