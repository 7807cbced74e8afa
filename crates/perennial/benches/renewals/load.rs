//! The load: renewals over HTTP, order and pay, on keep-alive connections, as a dialect's clients write them. One thread drives them all, so that
//! the client costs the server little.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http::HeaderMap;
use perennial_engine::clock::Stopwatch;
use perennial_providers::aliyun::auth::{acs3, canonical_query, headers};
use perennial_providers::hostup::id::{Id, Thing};
use perennial_testkit::ovh::signature;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::raw::{Done, Picks};
use crate::world::{ACCOUNTS, card_of, instance_name, instance_of, method_of};

/// What one account calls with.
#[derive(Clone)]
pub struct Keys {
    /// The application key.
    pub application_key: String,
    /// The application's secret.
    pub application_secret: String,
    /// The account's consumer key.
    pub consumer_key: String,
    /// An OAuth2 token of the account, for the unsigned comparison.
    pub bearer: Option<String>,
    /// The account's token for VPSBG's API.
    pub vpsbg: String,
    /// The account's key for HostUp's API.
    pub hostup: String,
    /// The account's access key for Alibaba Cloud's API, and its secret.
    pub aliyun: (String, String),
}

/// The dialect that renewals are asked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// OVHcloud's: signed, paid with PayPal.
    Ovh,
    /// VPSBG's: a token, paid with the card.
    Vpsbg,
    /// HostUp's: a key, paid with the card.
    HostUp,
    /// Alibaba Cloud's: signed (V3), ordered and paid in one call, on the credit line.
    Aliyun,
}

/// How callers prove themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Each request is signed.
    Signature,
    /// Each request carries a bearer token: no signature to make or to check.
    Bearer,
}

/// What a load saw.
pub struct Seen {
    /// Renewals and time.
    pub done: Done,
    /// How long each renewal took, order and pay, sorted.
    pub latencies: Vec<Duration>,
    /// The orders that were answered as paid.
    pub paid: Vec<i64>,
}

impl Seen {
    /// The latency below which this part of the renewals stayed.
    pub fn percentile(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a position in a list, for show"
        )]
        let index = (last as f64 * part) as usize;
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

/// One kind of load.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// `host:port` of each server. Connections are dealt out in turn.
    pub addresses: &'a [String],
    /// The keys of each account.
    pub keys: &'a [Keys],
    /// How many connections.
    pub connections: i64,
    /// How many services there are.
    pub services: i64,
    /// For how long.
    pub time: Duration,
    /// Which dialect they speak.
    pub voice: Voice,
    /// How callers prove themselves, where the dialect leaves the choice.
    pub proof: Proof,
    /// Makes tokens and choices differ between runs.
    pub seed: u64,
}

impl Load<'_> {
    /// Renews random services, each connection those of its own accounts, until the time is over or the server goes.
    pub fn renew(&self) -> Result<Seen> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let watch = Stopwatch::start();
            let callers: Vec<_> = (0..self.connections)
                .map(|number| tokio::spawn(self.caller(number).renew_until(watch, self.time)))
                .collect();
            let mut seen =
                Seen { done: Done { renewals: 0, elapsed: Duration::ZERO }, latencies: Vec::new(), paid: Vec::new() };
            for caller in callers {
                let (latencies, paid) = caller.await??;
                seen.latencies.extend(latencies);
                seen.paid.extend(paid);
            }
            seen.done = Done { renewals: seen.paid.len() as u64, elapsed: watch.elapsed() };
            seen.latencies.sort_unstable();
            Ok(seen)
        })
    }

    /// Places `known` orders with a token each, then asks for them again and again; how many answers a second.
    pub fn replay(&self, known: usize) -> Result<f64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let each = known / usize::try_from(self.connections)?;
        runtime.block_on(async {
            let mut callers = Vec::new();
            for number in 0..self.connections {
                let mut caller = self.caller(number);
                let mut requests = Vec::new();
                for _ in 0..each {
                    let (service, token) = (caller.pick(), caller.picks.token());
                    caller.place(service, &token).await?;
                    requests.push((service, token));
                }
                callers.push((caller, requests));
            }
            let watch = Stopwatch::start();
            let time = self.time;
            let running: Vec<_> = callers
                .into_iter()
                .map(|(mut caller, requests)| {
                    tokio::spawn(async move {
                        let mut answers = 0_u32;
                        while watch.elapsed() < time {
                            for (service, token) in &requests {
                                caller.place(*service, token).await?;
                                answers += 1;
                            }
                        }
                        anyhow::Ok(answers)
                    })
                })
                .collect();
            let mut answers = 0_u32;
            for caller in running {
                answers += caller.await??;
            }
            Ok(f64::from(answers) / watch.elapsed().as_secs_f64())
        })
    }

    fn caller(&self, number: i64) -> Caller {
        let account = number % ACCOUNTS + 1;
        let server = usize::try_from(number).unwrap_or(0) % self.addresses.len();
        Caller {
            address: self.addresses[server].clone(),
            keys: self.keys[usize::try_from(account - 1).unwrap_or(0)].clone(),
            account,
            share: [(self.connections + ACCOUNTS - 1) / ACCOUNTS, number / ACCOUNTS],
            services: self.services,
            voice: self.voice,
            proof: self.proof,
            picks: Picks(self.seed.wrapping_mul(1_000_003).wrapping_add(number.unsigned_abs())),
            stream: None,
            buffer: Vec::with_capacity(4096),
            now: jiff_now(),
        }
    }
}

/// The load signs with the time at which it began: runs are shorter than the server's window.
#[expect(clippy::disallowed_methods, reason = "the client's clock, not the house's")]
pub fn jiff_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

struct Caller {
    address: String,
    keys: Keys,
    account: i64,
    /// Among how many connections the account's services are dealt out, and which of them this is.
    share: [i64; 2],
    services: i64,
    voice: Voice,
    proof: Proof,
    picks: Picks,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    now: i64,
}

impl Caller {
    async fn renew_until(mut self, watch: Stopwatch, time: Duration) -> Result<(Vec<Duration>, Vec<i64>)> {
        let (mut latencies, mut paid) = (Vec::new(), Vec::new());
        while watch.elapsed() < time {
            let service = self.pick();
            let started = Stopwatch::start();
            let token = self.picks.token();
            let order = if self.voice == Voice::Aliyun {
                self.renew_now(service, &token).await?
            } else {
                let order = self.place(service, &token).await?;
                let token = self.picks.token();
                self.pay(order, &token).await?;
                order
            };
            latencies.push(started.elapsed());
            paid.push(order);
        }
        Ok((latencies, paid))
    }

    /// A service of this caller's own account.
    fn pick(&mut self) -> i64 {
        let [share, part] = self.share;
        (self.picks.below(self.services / ACCOUNTS / share) * share + part) * ACCOUNTS + self.account
    }

    /// Orders a month of a service; the order's number.
    async fn place(&mut self, service: i64, token: &str) -> Result<i64> {
        let (path, body) = match self.voice {
            Voice::Ovh => (
                format!("/1.0/service/{service}/renew"),
                format!(r#"{{"duration":"P1M","services":[{service}],"dryRun":false}}"#),
            ),
            Voice::Vpsbg => {
                ("/v1/servers/renew".to_owned(), format!(r#"{{"server_ids":[{service}],"billing_cycle":1}}"#))
            }
            Voice::HostUp => (format!("/api/v2/vps/{}/actions/renew", Id::new(Thing::Vps, service)), "{}".to_owned()),
            Voice::Aliyun => bail!("its orders are paid as they are placed"),
        };
        let answer = self.post(&path, &body, token).await?;
        match self.voice {
            Voice::Ovh => digits_after(&answer, r#""orderId":"#),
            Voice::Vpsbg => digits_after(&answer, r#"{"id":"#),
            Voice::HostUp => {
                let (_, rest) = answer.split_once(r#""renewalInvoice":{"id":""#).context("an order has its invoice")?;
                let (id, _) = rest.split_once('"').context("an id ends")?;
                Id::number(Thing::Invoice, id).with_context(|| format!("`{id}` is an invoice"))
            }
            Voice::Aliyun => bail!("its orders are paid as they are placed"),
        }
    }

    async fn pay(&mut self, order: i64, token: &str) -> Result<()> {
        let (path, body) = match self.voice {
            Voice::Ovh => (
                format!("/1.0/me/order/{order}/payWithRegisteredPaymentMean"),
                format!(r#"{{"paymentMean":"paypal","paymentMeanId":{}}}"#, method_of(self.account)),
            ),
            Voice::Vpsbg => {
                ("/v1/orders/pay".to_owned(), format!(r#"{{"order_ids":[{order}],"payment_method":"card"}}"#))
            }
            Voice::HostUp => {
                let (invoice, card) = (Id::new(Thing::Invoice, order), Id::new(Thing::Card, card_of(self.account)));
                (format!("/api/v2/billing/invoices/{invoice}/actions/pay"), format!(r#"{{"savedCardId":"{card}"}}"#))
            }
            Voice::Aliyun => bail!("its orders are paid as they are placed"),
        };
        self.post(&path, &body, token).await?;
        Ok(())
    }

    /// Renews an instance for a month and pays it, in the one call that does both; the order's number.
    async fn renew_now(&mut self, service: i64, token: &str) -> Result<i64> {
        let instance = instance_name(instance_of(service, self.services));
        let query = canonical_query([
            ("ClientToken", token),
            ("InstanceId", &instance),
            ("Period", "1"),
            ("PeriodUnit", "Month"),
        ]);
        let nonce = self.picks.token();
        let headers = self.signed_headers(&query, &nonce)?;
        let request = format!("POST /?{query} HTTP/1.1\r\n{headers}content-length: 0\r\n\r\n");
        let answer = self.send("RenewInstance", &request).await?;
        digits_after(&answer, r#""OrderId":""#)
    }

    /// The headers of a request without a body that Alibaba Cloud's newer SDKs sign, and their signature.
    fn signed_headers(&self, query: &str, nonce: &str) -> Result<String> {
        let (id, secret) = &self.keys.aliyun;
        let (date, hash) = (jiff::Timestamp::from_second(self.now)?.to_string(), acs3::body_hash(b""));
        let signed = [
            ("host", self.address.as_str()),
            (headers::ACTION, "RenewInstance"),
            (headers::CONTENT_SHA256, &hash),
            (headers::DATE, &date),
            (headers::NONCE, nonce),
            (headers::VERSION, "2014-05-26"),
        ];
        let mut map = HeaderMap::new();
        for (name, value) in signed {
            map.insert(name, value.parse()?);
        }
        let names = signed.map(|(name, _)| name).join(";");
        let canonical = acs3::canonical_request("POST", query, &map, &names, &hash)?;
        let signature = acs3::sign(secret, &acs3::string_to_sign(&canonical));
        let authorization =
            acs3::Authorization { access_key_id: id, signed_headers: &names, signature: &signature }.to_string();
        let sent = signed.into_iter().chain([("authorization", authorization.as_str())]);
        Ok(sent.flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect())
    }

    async fn post(&mut self, path: &str, body: &str, token: &str) -> Result<String> {
        let url = format!("http://{}{path}", self.address);
        let key = match (self.voice, self.proof) {
            (Voice::Ovh, Proof::Bearer) => self.keys.bearer.as_ref(),
            (Voice::Ovh, Proof::Signature) | (Voice::Aliyun, _) => None,
            (Voice::Vpsbg, _) => Some(&self.keys.vpsbg),
            (Voice::HostUp, _) => Some(&self.keys.hostup),
        };
        let proof = if let Some(key) = key {
            format!("Authorization: Bearer {key}\r\n")
        } else {
            let Keys { application_key, application_secret, consumer_key, .. } = &self.keys;
            let signed = signature(application_secret, consumer_key, "POST", &url, body, self.now);
            format!(
                "X-Ovh-Application: {application_key}\r\nX-Ovh-Consumer: {consumer_key}\r\nX-Ovh-Timestamp: {}\r\n\
                 X-Ovh-Signature: {signed}\r\n",
                self.now
            )
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nIdempotency-Key: {token}\r\n\
             {proof}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.send(path, &request).await
    }

    /// Sends a whole request, and returns the body of its answer; `what` is for people.
    async fn send(&mut self, what: &str, request: &str) -> Result<String> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().context("was opened")?;
        stream.write_all(request.as_bytes()).await?;
        let (status, body) = read_answer(stream, &mut self.buffer).await?;
        ensure!(status == 200, "{what}: {status} {body}");
        Ok(body)
    }
}

/// The number that stands after a text.
fn digits_after(answer: &str, name: &str) -> Result<i64> {
    let (_, rest) = answer.split_once(name).context("an order has its id")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Ok(digits.parse()?)
}

/// Reads one answer with a content length, and nothing after it.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(u16, String)> {
    buffer.clear();
    loop {
        ensure!(stream.read_buf(buffer).await? > 0, "the server cut the connection");
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("an answer has a status")?.parse()?;
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("an answer has a length")?
            .parse()?;
        let whole = end + 4 + length;
        while buffer.len() < whole {
            ensure!(stream.read_buf(buffer).await? > 0, "the server cut the connection");
        }
        return Ok((status, String::from_utf8_lossy(&buffer[end + 4..whole]).into_owned()));
    }
}
