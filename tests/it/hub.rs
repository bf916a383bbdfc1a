//! Downloads from a hub of our own that drops, stalls and lies: what comes of it is in the cache whole, or not at all.

mod downloads;
mod program;
mod reach;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use counterpoise::domain::hub::{DownloadProgress, RepoAt, Token};
use counterpoise::model::hub::{Access, Control, HubError, Patience, Wanted, download};
use tempfile::TempDir;

use server::Hub;

/// A cache of its own, and a way to the hub.
struct Client {
    folder: TempDir,
    access: Access,
    patience: Patience,
}

impl Client {
    fn of(hub: &Hub) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let access = Access {
            endpoint: hub.endpoint(),
            cache: folder.path().join("hub"),
            offline: false,
            token: None,
            token_file: folder.path().join("token"),
        };
        Self {
            folder,
            access,
            patience: Patience {
                connect: Duration::from_secs(20),
                stall: Duration::from_secs(20),
                silence: Duration::from_secs(20),
                attempts: 4,
                first_attempts: 2,
                pause: Duration::from_millis(1),
                longest_pause: Duration::from_millis(4),
                tick: Duration::from_millis(5),
            },
        }
    }

    fn with_token(mut self, token: &str) -> Self {
        self.access.token = Some((Token::new(token).unwrap(), "a test".to_owned()));
        self
    }

    /// Fetches files that fit these patterns; the usual ones where there are none.
    fn fetch(&self, files: &[&str]) -> Result<(PathBuf, DownloadProgress), HubError> {
        self.fetch_watched(files, &Control::default(), &mut |_| {})
    }

    fn fetch_watched(
        &self,
        files: &[&str],
        control: &Control,
        tell: &mut dyn FnMut(DownloadProgress),
    ) -> Result<(PathBuf, DownloadProgress), HubError> {
        let wanted = Wanted {
            at: RepoAt::main("o/n"),
            files: files.iter().map(|&file| file.to_owned()).collect(),
            at_once: 4,
        };
        download(&self.access, &wanted, &self.patience, control, tell)
    }

    /// The files in the folder of bytes, by name.
    fn blobs(&self) -> Vec<String> {
        let place = self.access.store().repo("o/n").unwrap();
        let mut names: Vec<String> = std::fs::read_dir(place.folder().join("blobs"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
