# A configuration file that its own program has accepted: bad configuration fails the build, not the host.
{
  pkgs,
  program,
  file,
}:
if pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform then
  pkgs.runCommandLocal file.name { } ''
    ${program} check-config ${file}
    cp ${file} $out
  ''
else
  file
