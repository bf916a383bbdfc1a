//! Where the hub and the cache are, and who asks: the environment variables and files that Python's tools use too.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::HubError;
use super::store::Store;
use crate::domain::hub::{HubAccess, Token};

/// The hub where `HF_ENDPOINT` names no other.
const ENDPOINT: &str = "https://huggingface.co";

/// How this machine speaks to the hub.
#[derive(Debug, Clone)]
pub struct Access {
    /// The hub's address, without a slash at the end.
    pub endpoint: String,
    /// The folder of downloaded repositories.
    pub cache: PathBuf,
    /// Whether the network is forbidden.
    pub offline: bool,
    /// The token, and where it comes from.
    pub token: Option<(Token, String)>,
    /// The file in which a token is kept.
    pub token_file: PathBuf,
}

impl Access {
    /// What the environment says.
    ///
    /// # Errors
    /// No home folder, a token that cannot be one, a token file that cannot be read.
    pub fn from_env() -> Result<Self, HubError> {
        Self::read(std::env::home_dir().as_deref(), |name| {
            std::env::var_os(name)
        })
    }

    /// As [`Self::from_env`], with the variables and the home folder handed in.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn read(
        home: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, HubError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let is_set = |name: &str| {
            text(name).is_some_and(|value| {
                ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
            })
        };
        let Places { cache, token_file } = Places::read(home, variable)?;
        let token = if is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            None
        } else if let Some(token) = text("HF_TOKEN").filter(|token| !token.trim().is_empty()) {
            Some((token, "HF_TOKEN".to_owned()))
        } else {
            kept_token(&token_file)?.map(|token| (token, token_file.display().to_string()))
        };
        let token = token
            .map(|(token, from)| match Token::new(&token) {
                Ok(token) => Ok((token, from)),
                Err(why) => Err(HubError::Usage(format!("{why}; it comes from {from}"))),
            })
            .transpose()?;
        Ok(Self {
            endpoint: text("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            cache,
            offline: is_set("HF_HUB_OFFLINE") || is_set("TRANSFORMERS_OFFLINE"),
            token,
            token_file,
        })
    }

    /// The facts that a person may see.
    #[must_use]
    pub fn facts(&self) -> HubAccess {
        HubAccess {
            endpoint: self.endpoint.clone(),
            cache: self.cache.clone(),
            offline: self.offline,
            token_from: self.token.as_ref().map(|(_, from)| from.clone()),
            token_file: self.token_file.clone(),
        }
    }

    /// The local cache.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(self.cache.clone())
    }

    /// A repository's page for people.
    #[must_use]
    pub fn page(&self, repo: &str) -> String {
        format!("{}/{repo}", self.endpoint)
    }

    /// The hub's address without its scheme, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.endpoint.split_once("://");
        rest.map_or(self.endpoint.as_str(), |(_, host)| host)
    }

    /// Keeps a token in the usual file, for its owner's eyes only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep_token(&self, token: &Token) -> Result<(), HubError> {
        let file = &self.token_file;
        let folder = file.parent().unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            // Temporary files are readable by their owner only, and stay so under their new name.
            let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
            temporary.write_all(token.reveal().as_bytes())?;
            temporary.as_file().sync_all()?;
            temporary.persist(file).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| HubError::system("the token file", "written", file, error))
    }
}

/// Where things are kept.
pub(super) struct Places {
    /// The folder of downloaded repositories.
    pub(super) cache: PathBuf,
    /// The file in which a token is kept.
    token_file: PathBuf,
}

impl Places {
    pub(super) fn read(
        home: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, HubError> {
        let path = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some(in_home(home, value.into()))
        };
        let hf_home = path("HF_HOME")
            .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("huggingface")))
            .or_else(|| home.map(|home| home.join(".cache").join("huggingface")));
        let within = |name: &str| hf_home.as_ref().map(|home| home.join(name));
        let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
        let token_file = path("HF_TOKEN_PATH").or_else(|| within("token"));
        Ok(Self {
            cache: cache.or_else(|| within("hub")).ok_or(HubError::NoHome)?,
            token_file: token_file.ok_or(HubError::NoHome)?,
        })
    }
}

fn kept_token(file: &Path) -> Result<Option<String>, HubError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HubError::system("the token file", "read", file, error)),
    }
}

/// A path with `~` at its start meaning the home folder.
fn in_home(home: Option<&Path>, path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_) | Err(_), _) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(variables: &[(&str, &str)]) -> Access {
        read(variables).unwrap()
    }

    fn read(variables: &[(&str, &str)]) -> Result<Access, HubError> {
        Access::read(Some(Path::new("/home/me")), |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let hub = |variables: &[(&str, &str)]| access(variables).cache;
        let usual = Path::new("/home/me/.cache/huggingface/hub");
        assert_eq!(hub(&[]), usual);
        assert_eq!(hub(&[("HF_HOME", "")]), usual);
        assert_eq!(
            hub(&[("XDG_CACHE_HOME", "/c")]),
            Path::new("/c/huggingface/hub")
        );
        assert_eq!(hub(&[("HF_HOME", "~/m")]), Path::new("/home/me/m/hub"));
        let both = [("HF_HOME", "/m"), ("HF_HUB_CACHE", "/n")];
        assert_eq!(hub(&both), Path::new("/n"));
    }

    #[test]
    fn the_endpoint_and_offline_are_read_as_python_reads_them() {
        assert_eq!(access(&[]).endpoint, "https://huggingface.co");
        let mirror = access(&[("HF_ENDPOINT", "http://localhost:1/")]);
        assert_eq!(mirror.endpoint, "http://localhost:1");
        assert_eq!(mirror.page("o/n"), "http://localhost:1/o/n");
        for (value, offline) in [("1", true), ("yes", true), ("TRUE", true), ("0", false)] {
            let access = access(&[("HF_HUB_OFFLINE", value)]);
            assert_eq!(access.offline, offline, "{value}");
        }
    }

    #[test]
    fn the_token_comes_from_the_variable_then_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("token");
        let path = file.to_str().unwrap();
        let token = |access: &Access| {
            let (token, from) = access.token.clone()?;
            Some((token.reveal().to_owned(), from))
        };
        let nobody = access(&[("HF_TOKEN_PATH", path)]);
        assert_eq!(token(&nobody), None);
        nobody.keep_token(&Token::new("hf_file").unwrap()).unwrap();
        let kept = access(&[("HF_TOKEN_PATH", path)]);
        assert_eq!(token(&kept), Some(("hf_file".to_owned(), path.to_owned())));
        assert_eq!(kept.facts().token_from, Some(path.to_owned()));
        let named = access(&[("HF_TOKEN_PATH", path), ("HF_TOKEN", "hf_env")]);
        let expected = Some(("hf_env".to_owned(), "HF_TOKEN".to_owned()));
        assert_eq!(token(&named), expected);
        let switched_off = [("HF_TOKEN", "x"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")];
        assert_eq!(token(&access(&switched_off)), None);
        assert!(read(&[("HF_TOKEN", "a b")]).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
