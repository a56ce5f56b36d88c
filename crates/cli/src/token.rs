//! Bearer tokens, which come in files.

use std::path::Path;

use crate::Error;

/// The longest token, in bytes.
const MAX_TOKEN: usize = 4096;

/// The token in a file: its one line.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    let content = std::fs::read(path).map_err(|source| Error::TokenFile {
        path: path.to_owned(),
        source,
    })?;
    let token = content.trim_ascii();
    let visible = token.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(token) {
        Ok(token) if visible && !token.is_empty() && token.len() <= MAX_TOKEN => {
            Ok(token.to_owned())
        }
        _ => Err(Error::TokenContent {
            path: path.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::Error;

    #[test]
    fn a_token_is_one_visible_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "s3cret\n").unwrap();
        assert_eq!(read(&path).unwrap(), "s3cret");
        for bad in ["", "\n", "two words", "two\nlines", "bell\u{7}", "umläut"] {
            std::fs::write(&path, bad).unwrap();
            assert!(
                matches!(read(&path), Err(Error::TokenContent { .. })),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn an_absent_token_file_is_bad_usage() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&folder.path().join("absent")).unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("--token-file"), "{error}");
    }
}
