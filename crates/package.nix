# The only place that builds Rust for Nix: one derivation with all three programs.
{
  lib,
  rustPlatform,
  dbus,
  postgresql,
  versionCheckHook,
}:
rustPlatform.buildRustPackage {
  pname = "homeostat";
  inherit ((lib.importTOML ../Cargo.toml).workspace.package) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Cargo.toml
      ../Cargo.lock
      ../clippy.toml
      (lib.fileset.fileFilter (file: !file.hasExt "nix") ../crates)
    ];
  };
  cargoLock.lockFile = ../Cargo.lock;

  # The tests start a PostgreSQL and a D-Bus of their own where one is installed, and count as ignored where none is.
  nativeCheckInputs = [
    dbus
    postgresql
  ];

  doInstallCheck = true;
  nativeInstallCheckInputs = [ versionCheckHook ];

  meta = {
    description = "Watches systemd services, heals those that fail, and proves that it helped";
    homepage = "https://github.com/homeostat/homeostat";
    license = lib.licenses.mit;
    mainProgram = "homeostat";
    platforms = lib.platforms.linux;
  };
}
