# HighErrorRate: more than 5 % server errors over two minutes, at no less than six requests a minute, for one minute.
write:
let
  inherit (write)
    case
    silent
    fires
    up
    requests
    broken
    ;
  api = requests "homeostat-api" "/transactions";
  databaseUp = "pg_up{host=\"web1\",job=\"postgres\"}";
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
  (case "a share below the limit is silent" {
    ${up "homeostat-api"} = "1x60";
    ${api "200"} = "0+100x60";
    ${api "500"} = "0+4x60";
  } [ (silent name "10m") ])
  (case "client errors are no server errors" {
    ${up "homeostat-api"} = "1x60";
    ${api "200"} = "0+15x60";
    ${api "404"} = "0+15x60";
  } [ (silent name "10m") ])
  (case "what the database's absence does is the database's fault, also just after it is back"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x8 120x12 120+15x40";
      ${api "503"} = "0x8 0+15x12 180x40";
      ${databaseUp} = "1x8 0x12 1x40";
    }
    [
      (silent name "4m")
      (silent name "5m45s")
    ]
  )
  (case "errors while the database is well are the app's own" {
    ${up "homeostat-api"} = "1x60";
    ${api "500"} = "0+3x60";
    ${databaseUp} = "1x60";
  } [ (fires name "5m" [ (broken "homeostat-api" "100") ]) ])
  (case "nothing but errors" {
    ${up "homeostat-api"} = "1x60";
    ${api "503"} = "0+3x60";
  } [ (fires name "5m" [ (broken "homeostat-api" "100") ]) ])
  (case "no traffic is neither an error nor a division by zero" {
    ${up "homeostat-api"} = "1x60";
    ${api "200"} = "500x60";
    ${api "500"} = "500x60";
  } [ (silent name "10m") ])
  (case "four requests a minute, all failing, are too few to say anything" {
    ${up "homeostat-api"} = "1x60";
    ${api "500"} = "0+1x60";
  } [ (silent name "10m") ])
  (case "the stack's own probes and scrapes do not lift an idle app over the guard" {
    ${up "homeostat-api"} = "1x60";
    ${api "500"} = "0+1x60";
    ${requests "homeostat-api" "/live" "200"} = "0+1x60";
    ${requests "homeostat-api" "/metrics" "200"} = "0+1x60";
  } [ (silent name "10m") ])
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
  (case "errors on both sides of a restart still fire" {
    ${up "homeostat-api"} = "1x60";
    ${api "200"} = "0+15x20 0+15x40";
    ${api "500"} = "0+3x20 0+3x40";
  } [ (fires name "10m" [ (broken "homeostat-api" "17") ]) ])
  (case "a foreign app under care by data alone, and only that app" {
    ${up "shop"} = "1x60";
    ${up "homeostat-api"} = "1x60";
    ${requests "shop" "/buy" "200"} = "0+15x60";
    ${requests "shop" "/buy" "502"} = "0+15x60";
    ${api "200"} = "0+15x60";
  } [ (fires name "5m" [ (broken "shop" "50") ]) ])
  (case "an ignored route is literal: another that looks like it counts" {
    ${up "shop"} = "1x60";
    ${requests "shop" "/status.json" "200"} = "0+15x60";
    ${requests "shop" "/status_json" "500"} = "0+3x60";
  } [ (fires name "5m" [ (broken "shop" "100") ]) ])
]
