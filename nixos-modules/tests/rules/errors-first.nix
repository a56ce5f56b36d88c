# HighErrorRate on a series whose first value is already large: new errors, or an old counter newly seen?
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
  name = "HighErrorRate";
in
write.file [
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
  (case "the same within the first window after Prometheus began"
    {
      ${up "homeostat-api"} = "1x60";
      ${api "200"} = "0+15x60";
      ${requests "homeostat-api" "/error" "500"} = "_x2 20x60";
    }
    [
      (fires name "2m" [ (broken "homeostat-api" "14") ])
      (silent name "4m")
    ]
  )
  (case "an old counter of a target that was away for a while"
    {
      ${up "homeostat-api"} = "1x12 0x4 1x60";
      ${api "200"} = "0+15x12 _x4 300+15x60";
      ${api "500"} = "9000x12 _x4 9000x60";
    }
    [
      (silent name "4m30s")
      (silent name "6m")
      (silent name "8m")
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
]
