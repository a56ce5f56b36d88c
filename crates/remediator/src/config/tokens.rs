//! The tokens: who may ask for what.

use std::path::{Path, PathBuf};

/// The two tokens, from the folder that systemd's `LoadCredential` fills.
#[derive(Clone)]
pub struct Tokens {
    /// May post alerts, and nothing else.
    pub alertmanager: String,
    /// May also pause, resume, acknowledge and see evidence.
    pub operator: String,
}

/// Why the tokens could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Nobody said where they are.
    #[error("no credentials: run under systemd with LoadCredential, or give --credentials DIR")]
    NoDirectory,
    /// A file could not be read.
    #[error("{}: cannot be read: {source}; it must hold the token on one line", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A token that is guessed too easily.
    #[error("{}: the token is shorter than 32 characters; generate one with `openssl rand -hex 32`", path.display())]
    Short {
        /// The file.
        path: PathBuf,
    },
}

impl Tokens {
    /// Reads `alertmanager-token` and `operator-token` from `directory`.
    ///
    /// # Errors
    /// When one cannot be read or is too short.
    pub fn read(directory: &Path) -> Result<Self, TokenError> {
        let token = |name: &str| {
            let path = directory.join(name);
            let text = std::fs::read_to_string(&path).map_err(|source| TokenError::Read {
                path: path.clone(),
                source,
            })?;
            let token = text.trim().to_owned();
            if token.len() < 32 {
                return Err(TokenError::Short { path });
            }
            Ok(token)
        };
        Ok(Self {
            alertmanager: token("alertmanager-token")?,
            operator: token("operator-token")?,
        })
    }
}
