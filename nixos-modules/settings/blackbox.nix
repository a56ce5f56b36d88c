# The blackbox exporter's modules. A probe asks for any 2xx answer within the scrape's time.
{
  modules.http_2xx = {
    prober = "http";
    timeout = "4s";
    http = {
      follow_redirects = false;
      preferred_ip_protocol = "ip4";
    };
  };
}
