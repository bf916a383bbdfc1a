//! Requests to the hub. The token goes to the hub's own address and nowhere else, whatever a redirect says.

mod address;
mod answer;

use std::io::{ErrorKind, Read};
use std::time::Duration;

use ureq::http::{Method, Request, Uri, header};
use ureq::{Agent, Proxy};

pub(super) use self::address::escaped;
use self::address::{Origin, bad_address, joined};
use self::answer::text;
pub(super) use self::answer::{Answer, Said};

use super::access::Access;
use super::error::HubError;
use super::patience::Patience;
use crate::domain::CancelToken;
use crate::domain::hub::Token;

/// Most redirects that are followed.
const MOST_HOPS: usize = 10;

/// Largest list that the hub may send: repositories of ten thousand files stay below.
const MOST_LIST_BYTES: u64 = 32 << 20;

/// Where ureq looks for a proxy, in its order.
const PROXIES: [&str; 6] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// Connections to the hub that can be cut at once, from any thread.
#[derive(Debug, Clone)]
pub struct Wire {
    agent: Agent,
    /// Scheme, host and port of the hub.
    origin: Origin,
    token: Option<Token>,
    stop: CancelToken,
}

impl Wire {
    /// A way to the hub.
    ///
    /// # Errors
    /// The network is forbidden, or the address of the hub or of a proxy is none.
    pub fn new(access: &Access, patience: &Patience) -> Result<Self, HubError> {
        if access.offline {
            return Err(HubError::Offline);
        }
        for name in PROXIES {
            let address = std::env::var(name).unwrap_or_default();
            if !address.is_empty() && Proxy::new(&address).is_err() {
                let why = format!("{name} is \"{address}\", which is no address of a proxy");
                return Err(HubError::Usage(why));
            }
        }
        let endpoint = &access.endpoint;
        let origin = endpoint.parse().ok().and_then(|uri| Origin::of(&uri));
        let origin = origin.ok_or_else(|| {
            HubError::Usage(format!(
                "HF_ENDPOINT is \"{endpoint}\", which is no address of a hub"
            ))
        })?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("counterpoise/", env!("CARGO_PKG_VERSION")))
            // Sizes and hashes are those of the bytes as they are.
            .accept_encoding("identity")
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .build();
        Ok(Self {
            agent: Agent::new_with_config(config),
            origin,
            token: access.token.as_ref().map(|(token, _)| token.clone()),
            stop: CancelToken::default(),
        })
    }

    /// Cuts all connections; whoever waits for one is told [`HubError::Cancelled`].
    pub fn stop(&self) {
        self.stop.cancel();
        self.agent.clone().shutdown();
    }

    /// Whether it was cut.
    ///
    /// # Errors
    /// [`HubError::Cancelled`] where it was.
    pub fn check(&self) -> Result<(), HubError> {
        if self.stop.is_cancelled() {
            return Err(HubError::Cancelled);
        }
        Ok(())
    }

    /// A JSON document of the hub.
    pub(super) fn list(&self, url: &str) -> Result<serde_json::Value, HubError> {
        let mut answer = self.send(&Method::GET, url, None, true)?;
        if answer.status != 200 {
            return Err(self.told_off(answer));
        }
        let read = answer
            .body
            .with_config()
            .limit(MOST_LIST_BYTES)
            .read_to_vec();
        let bytes = read.map_err(|error| self.trouble(&answer.host, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| HubError::Strange {
            host: answer.host,
            what: "a list that cannot be read".to_owned(),
            details: error.to_string(),
        })
    }

    /// What the hub says of a file, without its bytes.
    pub(super) fn head(&self, url: &str) -> Result<Said, HubError> {
        let answer = self.send(&Method::HEAD, url, None, false)?;
        if !matches!(answer.status, 200..=399) {
            return Err(self.told_off(answer));
        }
        Ok(answer.said)
    }

    /// The bytes of a file from `from` on, wherever the hub has them; 200 and 206 are answers, all else is an error.
    pub(super) fn get(&self, url: &str, from: u64) -> Result<Answer, HubError> {
        let answer = self.send(&Method::GET, url, Some(from), true)?;
        match answer.status {
            200 | 206 => Ok(answer),
            _ => Err(self.told_off(answer)),
        }
    }

    /// The next bytes of an answer; 0 at its end.
    pub(super) fn read(
        &self,
        host: &str,
        body: &mut impl Read,
        buffer: &mut [u8],
    ) -> Result<usize, HubError> {
        self.check()?;
        match body.read(buffer) {
            // A connection that was cut looks like an end.
            Ok(0) => self.check().map(|()| 0),
            Ok(count) => Ok(count),
            Err(error) => Err(self.trouble(host, &error.into())),
        }
    }

    /// Sends, following redirects: only those within the hub, or all the way to the bytes.
    fn send(
        &self,
        method: &Method,
        url: &str,
        from: Option<u64>,
        all_the_way: bool,
    ) -> Result<Answer, HubError> {
        let mut uri: Uri = url.parse().map_err(|_| bad_address(url))?;
        let mut said = Said::default();
        for _ in 0..MOST_HOPS {
            self.check()?;
            let origin = Origin::of(&uri).ok_or_else(|| bad_address(&uri.to_string()))?;
            let from_hub = origin == self.origin;
            let mut request = Request::builder().method(method).uri(&uri);
            if let Some(token) = self.token.as_ref().filter(|_| from_hub) {
                let bearer = format!("Bearer {}", token.reveal());
                request = request.header(header::AUTHORIZATION, bearer);
            }
            if let Some(from) = from.filter(|from| *from > 0) {
                request = request.header(header::RANGE, format!("bytes={from}-"));
            }
            let request = request
                .body(())
                .map_err(|error| bad_address(&error.to_string()))?;
            let host = origin.host.clone();
            let response = self.agent.run(request);
            let (parts, body) = response
                .map_err(|error| self.trouble(&host, &error))?
                .into_parts();
            let status = parts.status.as_u16();
            if from_hub {
                said.hear(&parts.headers, status);
            }
            let next = text(&parts.headers, header::LOCATION.as_str())
                .filter(|_| (300..400).contains(&status));
            if let Some(next) = next {
                let next = joined(&uri, next)?;
                if uri.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                    return Err(HubError::Strange {
                        host,
                        what: "a redirect to an unprotected address".to_owned(),
                        details: next.to_string(),
                    });
                }
                let stays = Origin::of(&next).is_some_and(|origin| origin == self.origin);
                if all_the_way || stays {
                    uri = next;
                    continue;
                }
            }
            return Ok(Answer {
                status,
                headers: parts.headers,
                said,
                host,
                from_hub,
                body,
            });
        }
        Err(HubError::Strange {
            host: self.origin.host.clone(),
            what: "redirects without end".to_owned(),
            details: uri.to_string(),
        })
    }

    /// What an answer other than the wanted one means.
    fn told_off(&self, mut answer: Answer) -> HubError {
        let header = |name| text(&answer.headers, name).unwrap_or_default().to_owned();
        let code = header("x-error-code");
        let wait = text(&answer.headers, header::RETRY_AFTER.as_str())
            .and_then(|secs| secs.trim().parse().ok())
            .map(Duration::from_secs);
        let said = header("x-error-message");
        let said = if said.is_empty() {
            let page = answer.body.with_config().limit(4096).lossy_utf8(true);
            page.read_to_string().unwrap_or_default()
        } else {
            said
        };
        let details = format!("status {} {code} {}", answer.status, said.trim());
        match (answer.status, code.as_str()) {
            (_, "RevisionNotFound") => HubError::not_there("such revision"),
            (_, "EntryNotFound") => HubError::not_there("such file"),
            (403, _) if !answer.from_hub => HubError::Unreachable {
                host: answer.host,
                why: "no longer gives the file out",
                details,
            },
            // A repository that does not exist looks like one that strangers must not see.
            (401 | 403, _) => HubError::Locked {
                repo: String::new(),
                page: String::new(),
                with_token: self.token.is_some(),
                gated: code == "GatedRepo",
                details,
            },
            (404, _) => HubError::not_there("such repository"),
            (408 | 425 | 429 | 500..=599, _) => HubError::Busy {
                host: answer.host,
                wait,
                details,
            },
            _ => HubError::Strange {
                host: answer.host,
                what: format!("status {}", answer.status),
                details,
            },
        }
    }

    fn trouble(&self, host: &str, error: &ureq::Error) -> HubError {
        if self.stop.is_cancelled() {
            return HubError::Cancelled;
        }
        let why = match error {
            ureq::Error::HostNotFound => "cannot be found",
            ureq::Error::Timeout(_) => "does not answer",
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "cannot be trusted",
            ureq::Error::BodyExceedsLimit(_) => "sends far too much",
            ureq::Error::ConnectProxyFailed(_) => "cannot be reached through the proxy",
            ureq::Error::Io(error) if is_cut(error.kind()) => "broke off",
            _ => "cannot be reached",
        };
        HubError::Unreachable {
            host: host.to_owned(),
            why,
            details: error.to_string(),
        }
    }
}

/// Whether a connection that stood was ended from the other side.
const fn is_cut(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    )
}
