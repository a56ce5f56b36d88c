# Grafana: its ini sections, its data sources and where its dashboards are. NixOS has an option for each; the
# Debian machine writes a file of each.
{
  ports,
  timing,
  # Programs that do not run on this host, and the URLs of those that run elsewhere.
  without,
  urls,
  # The folder with the dashboards, which has an overview.json.
  dashboards,
  ...
}:
let
  # Grafana takes the content of a file in place of such a value. Its user cannot read the secrets themselves.
  credential = name: "$__file{/run/credentials/grafana.service/${name}}";
in
{
  settings = {
    server = {
      http_addr = "127.0.0.1";
      http_port = ports.grafana;
    };
    security = {
      admin_user = "admin";
      # Read at the first start only; who changes it in Grafana keeps what was changed.
      admin_password = credential "admin-password";
      secret_key = credential "secret-key";
      # Pictures of users would be asked of a service elsewhere.
      disable_gravatar = true;
    };
    "auth.anonymous".enabled = false;
    users.allow_sign_up = false;
    dashboards.default_home_dashboard_path = "${dashboards}/overview.json";
    # The journal is the one place for lines; the default writes a file of its own too.
    log.mode = "console";

    # A host under care asks nobody on the internet for anything.
    analytics = {
      reporting_enabled = false;
      check_for_updates = false;
      check_for_plugin_updates = false;
      feedback_links_enabled = false;
    };
    news.news_feed_enabled = false;
    plugins = {
      preinstall_disabled = true;
      plugin_admin_enabled = false;
      public_key_retrieval_disabled = true;
    };
    snapshots.external_enabled = false;
  };

  datasources = {
    apiVersion = 1;
    datasources = import ./grafana-datasources.nix {
      inherit
        ports
        timing
        without
        urls
        ;
    };
  };

  dashboards = {
    apiVersion = 1;
    providers = [
      {
        name = "homeostat";
        type = "file";
        folder = "Homeostat";
        # What is in the files stays as it is in the files.
        disableDeletion = true;
        allowUiUpdates = false;
        options.path = dashboards;
      }
    ];
  };
}
