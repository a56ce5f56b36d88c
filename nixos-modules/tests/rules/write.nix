# Words for rule tests: a case has series and expectations at a time; an expectation lists every alert of
# that name which fires then, with exact labels and annotations.
{
  rule_file,
}:
rec {
  file = tests: {
    rule_files = [ rule_file ];
    evaluation_interval = "15s";
    inherit tests;
  };

  # For alerts that look at hours: fewer evaluations, the same samples.
  eachMinute = tests: file tests // { evaluation_interval = "1m"; };

  # One sample every 15 s, in promtool's notation: "0+15x40" is 0, 15, 30 and so on, forty steps.
  case = name: values: expectations: {
    inherit name;
    interval = "15s";
    input_series = map (series: {
      inherit series;
      values = values.${series};
    }) (builtins.attrNames values);
    alert_rule_test = expectations;
  };

  # The same series of a host that is none of ours.
  elsewhere = builtins.replaceStrings [ "host=\"web1\"" ] [ "host=\"web2\"" ];

  silent = alertname: eval_time: fires alertname eval_time [ ];
  fires = alertname: eval_time: exp_alerts: { inherit alertname eval_time exp_alerts; };

  # What one alert looks like. The runbook's anchor is spelled out by each test.
  alert = labels: anchor: summary: description: {
    exp_labels = {
      host = "web1";
    }
    // labels;
    exp_annotations = {
      inherit summary description;
      runbook_url = "https://runbook.example/RUNBOOK.md#${anchor}";
    };
  };

  # The series of an app's requests, and what its HighErrorRate looks like.
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
}
