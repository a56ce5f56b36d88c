# A configuration file that its own program has accepted: bad configuration fails the build, not the host.
{
  pkgs,
  # Takes the file as its last word, and fails if it does not accept it.
  command,
  file,
}:
if pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform then
  pkgs.runCommandLocal file.name { } ''
    ${command} ${file}
    cp ${file} $out
  ''
else
  file
