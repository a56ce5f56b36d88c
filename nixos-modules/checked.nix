# A configuration file that its own program has accepted: bad configuration fails the build, not the host.
{
  lib,
  pkgs,
  program,
  file,
}:
if pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform then
  pkgs.runCommand (lib.removePrefix "/" (baseNameOf file.name)) { } ''
    ${program} check-config ${file}
    cp ${file} $out
  ''
else
  file
