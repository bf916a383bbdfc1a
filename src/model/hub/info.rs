//! What the hub says of repositories: searches, and the files of one with sizes and hashes.

use serde_json::Value;

use super::access::Access;
use super::checksum::Checksum;
use super::choose;
use super::error::HubError;
use super::store::check_repo;
use super::wire::{Wire, escaped};
use crate::domain::hub::{FoundRepo, RepoAt, RepoFile, RepoInfo};
use crate::model::folder::stays_inside;

/// Most repositories that a search may ask for; the hub's own limit is of this size.
const MOST_FOUND: usize = 100;

/// A repository with what only a download wants to know.
#[derive(Debug, Clone)]
pub struct Listing {
    /// What everybody may see.
    pub info: RepoInfo,
    /// The hash of each file of `info.files`, where the list names one.
    pub checksums: Vec<Option<Checksum>>,
}

/// Repositories whose name holds these words, the most downloaded first.
///
/// # Errors
/// The hub cannot be reached, or answers nonsense.
pub fn search(
    wire: &Wire,
    access: &Access,
    text: &str,
    limit: usize,
) -> Result<Vec<FoundRepo>, HubError> {
    let mut url = format!(
        "{}/api/models?search={}&limit={}&sort=downloads&direction=-1",
        access.endpoint,
        escaped(text.trim(), false),
        limit.clamp(1, MOST_FOUND)
    );
    for field in [
        "downloads",
        "likes",
        "gated",
        "lastModified",
        "pipeline_tag",
        "tags",
    ] {
        url.push_str("&expand[]=");
        url.push_str(field);
    }
    let answer = wire.list(&url)?;
    let list = answer
        .as_array()
        .ok_or_else(|| strange(access, "a search without a list", &answer))?;
    let found = list.iter().filter_map(|entry| {
        let repo = string(entry, "id").or_else(|| string(entry, "modelId"))?;
        check_repo(&repo).ok()?;
        Some(FoundRepo {
            downloads: entry["downloads"].as_u64(),
            likes: entry["likes"].as_u64(),
            updated: day(entry),
            task: string(entry, "pipeline_tag"),
            licence: licence(entry),
            gated: is_gated(entry),
            repo,
        })
    });
    Ok(found.collect())
}

/// The files of a repository, pinned to the commit that the revision stands for.
///
/// # Errors
/// It does not exist, is locked, or the hub cannot be reached or answers nonsense.
pub fn listing(wire: &Wire, access: &Access, at: &RepoAt) -> Result<Listing, HubError> {
    let place = access.store().repo(&at.repo)?;
    if at.revision.trim().is_empty() {
        return Err(HubError::Usage("The revision is empty".to_owned()));
    }
    let url = format!(
        "{}/api/models/{}/revision/{}?blobs=true",
        access.endpoint,
        at.repo,
        escaped(&at.revision, false)
    );
    let answer = wire
        .list(&url)
        .map_err(|error| error.about(access, at, None))?;
    let commit = string(&answer, "sha")
        .filter(|sha| sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or_else(|| strange(access, "a repository without a commit", &answer))?;
    let siblings = answer["siblings"]
        .as_array()
        .ok_or_else(|| strange(access, "a repository without files", &answer))?;
    let snapshot = place.snapshot_of(&commit);
    let mut files = Vec::with_capacity(siblings.len());
    let mut checksums = Vec::with_capacity(siblings.len());
    for sibling in siblings {
        let path = string(sibling, "rfilename")
            .filter(|path| stays_inside(path))
            .ok_or_else(|| strange(access, "a file whose name leaves its folder", sibling))?;
        let bytes = sibling["lfs"]["size"]
            .as_u64()
            .or_else(|| sibling["size"].as_u64())
            .ok_or_else(|| strange(access, "a file without a size", sibling))?;
        let sha256 = sibling["lfs"]["sha256"].as_str().and_then(Checksum::parse);
        let checksum = sha256.or_else(|| {
            // Of a large file, the list knows git's hash of a pointer only.
            let hash = sibling["blobId"]
                .as_str()
                .filter(|_| sibling["lfs"].is_null());
            hash.and_then(Checksum::parse)
        });
        let here = std::fs::metadata(snapshot.join(&path)).is_ok_and(|about| about.len() == bytes);
        files.push(RepoFile {
            sha256: checksum
                .as_ref()
                .and_then(|hash| hash.sha256().map(str::to_owned)),
            path,
            bytes,
            usual: false,
            here,
        });
        checksums.push(checksum);
    }
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let usual = choose::usual(&paths);
    for (file, usual) in files.iter_mut().zip(usual) {
        file.usual = usual;
    }
    Ok(Listing {
        info: RepoInfo {
            at: at.clone(),
            commit: commit.to_ascii_lowercase(),
            page: access.page(&at.repo),
            licence: string(&answer["cardData"], "license").or_else(|| licence(&answer)),
            gated: is_gated(&answer),
            updated: day(&answer),
            parameters: answer["safetensors"]["total"].as_u64(),
            files,
        },
        checksums,
    })
}

/// Where the hub gives out a file.
pub(super) fn address(access: &Access, repo: &str, commit: &str, path: &str) -> String {
    format!(
        "{}/{repo}/resolve/{commit}/{}",
        access.endpoint,
        escaped(path, true)
    )
}

fn string(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

/// Gates open by themselves or by hand; a missing field is an open door.
fn is_gated(value: &Value) -> bool {
    value["gated"].as_str().is_some() || value["gated"] == true
}

/// Tags hold the licence as `license:apache-2.0`.
fn licence(value: &Value) -> Option<String> {
    let tags = value["tags"].as_array()?;
    tags.iter()
        .filter_map(Value::as_str)
        .find_map(|tag| tag.strip_prefix("license:"))
        .map(str::to_owned)
}

/// `2026-03-01T10:00:00.000Z` is a time; people want the day.
fn day(value: &Value) -> Option<String> {
    let time = value["lastModified"].as_str()?;
    time.split('T').next().map(str::to_owned)
}

fn strange(access: &Access, what: &str, answer: &Value) -> HubError {
    let mut details = answer.to_string();
    if let Some((end, _)) = details.char_indices().nth(200) {
        details.truncate(end);
    }
    HubError::Strange {
        host: access.host().to_owned(),
        what: what.to_owned(),
        details,
    }
}
