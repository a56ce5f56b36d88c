# Whether an address, a host with a port, or a URL is on loopback.
text: builtins.match "(http://)?(127[.][0-9.]+|localhost|\\[?::1]?)(:[0-9]+)?(/.*)?" text != null
