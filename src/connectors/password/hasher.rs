//! Argon2id on a pool of threads. Each thread reuses its memory blocks, so that a hundred logins at once need
//! no more memory than one per thread, and no other request waits for a hash. When the queue is full,
//! further logins are refused for a moment.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use std::{fmt, io, thread};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::platform::rng::Rng;

/// Memory in KiB, passes and lanes of a new hash (OWASP's first choice of 2023 on).
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// A stored hash that needs more blocks of 1 KiB is not computed.
const MAX_BLOCKS: usize = 262_144;

/// Hashes in the queue. At the usual 16 ms each, the last waits about two seconds.
const QUEUE_LENGTH: usize = 256;
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The queue is full. The client may retry after this span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub(super) struct QueueFull(pub Duration);

/// The result of comparing a password with a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashVerdict {
    Wrong,
    Right,
    /// Right, but hashed with other parameters than the current ones.
    RightButOutdated,
}

type HashJob = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// The password in NFC (RFC 8265 §4.2.1): keyboards type the same letter as one code point or as several.
fn normalize(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

/// The thread pool. Cheap to clone. The threads end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    jobs: mpsc::SyncSender<HashJob>,
    /// Compared where there is no stored hash, so that it takes as long.
    dummy_hash: Arc<str>,
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHasher(…)")
    }
}

impl PasswordHasher {
    /// Starts one thread per two cores.
    pub fn start(rng: &dyn Rng) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let (jobs, waiting) = mpsc::sync_channel::<HashJob>(QUEUE_LENGTH);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name("passwords".to_owned())
                .spawn(move || run_jobs(&waiting))?;
        }
        Ok(Self {
            jobs,
            dummy_hash: dummy_hash(rng)?.into(),
        })
    }

    /// A new hash in PHC form.
    pub(super) async fn hash(
        &self,
        password: &str,
        rng: &dyn Rng,
    ) -> Result<Option<String>, QueueFull> {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let password = normalize(password);
        self.run(move |memory| hash(password.as_bytes(), &salt, memory))
            .await
    }

    /// Compares a password with a stored hash. Without one, it takes the same time and is wrong.
    ///
    /// Hashes of passwords that were stored before they were normalized are right, too, and outdated.
    pub(super) async fn verify(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<HashVerdict, QueueFull> {
        let is_stored = stored.is_some();
        let phc = stored.unwrap_or(&self.dummy_hash).to_owned();
        let typed = Zeroizing::new(password.to_owned());
        let normalized = normalize(password);
        let verdict = self
            .run(move |memory| {
                let verdict = verify(normalized.as_bytes(), &phc, memory)?;
                if verdict != HashVerdict::Wrong || *normalized == *typed {
                    return Some(verdict);
                }
                let verdict = verify(typed.as_bytes(), &phc, memory)?;
                let is_right = verdict != HashVerdict::Wrong;
                Some(if is_right {
                    HashVerdict::RightButOutdated
                } else {
                    verdict
                })
            })
            .await?;
        Ok(verdict.filter(|_| is_stored).unwrap_or(HashVerdict::Wrong))
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, QueueFull> {
        let (reply, answer) = oneshot::channel();
        let job: HashJob = Box::new(move |memory| {
            // The client may have disconnected in the meantime.
            if !reply.is_closed() {
                let _ = reply.send(job(memory));
            }
        });
        self.jobs
            .try_send(job)
            .map_err(|_| QueueFull(RETRY_AFTER))?;
        answer.await.map_err(|_| QueueFull(RETRY_AFTER))
    }
}

fn run_jobs(waiting: &Mutex<mpsc::Receiver<HashJob>>) {
    let mut memory = Vec::new();
    loop {
        // The lock is released before the job runs.
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = job else { return };
        job(&mut memory);
    }
}

fn params() -> Option<Params> {
    Params::new(MEMORY, PASSES, LANES, None).ok()
}

fn hash(password: &[u8], salt: &[u8], memory: &mut Vec<Block>) -> Option<String> {
    let params = params()?;
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(
        Algorithm::Argon2id,
        Version::V0x13,
        &params,
        (password, salt),
        &mut output,
        memory,
    )?;
    to_phc_string(&params, salt, &output)
}

fn to_phc_string(params: &Params, salt: &[u8], output: &[u8]) -> Option<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(output).ok()?),
    };
    Some(hash.to_string())
}

/// A hash with a random output, so that no password matches.
fn dummy_hash(rng: &dyn Rng) -> io::Result<String> {
    let mut salt = [0; 16];
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    rng.fill(&mut salt);
    rng.fill(&mut output);
    params()
        .and_then(|params| to_phc_string(&params, &salt, &output))
        .ok_or_else(|| io::Error::other("the password parameters do not fit together"))
}

/// `None` if the stored text is not a valid hash.
fn verify(password: &[u8], stored: &str, memory: &mut Vec<Block>) -> Option<HashVerdict> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::new(stored.algorithm.as_str()).ok()?;
    let version = stored.version.map_or(Ok(Version::V0x10), Version::try_from);
    let version = version.ok()?;
    let params = Params::try_from(&stored).ok()?;
    let (salt, expected) = (stored.salt?, stored.hash?);
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..expected.len())?;
    compute(
        algorithm,
        version,
        &params,
        (password, &salt),
        output,
        memory,
    )?;
    let is_right: bool = output.ct_eq(expected.as_bytes()).into();
    let is_new = algorithm == Algorithm::Argon2id
        && version == Version::V0x13
        && (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES);
    Some(match (is_right, is_new) {
        (false, _) => HashVerdict::Wrong,
        (true, true) => HashVerdict::Right,
        (true, false) => HashVerdict::RightButOutdated,
    })
}

fn compute(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    (password, salt): (&[u8], &[u8]),
    output: &mut [u8],
    memory: &mut Vec<Block>,
) -> Option<()> {
    let blocks = params.block_count();
    if blocks > MAX_BLOCKS {
        return None;
    }
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let memory = memory.get_mut(..blocks)?;
    let argon2 = Argon2::new(algorithm, version, params.clone());
    argon2
        .hash_password_into_with_memory(password, salt, output, memory)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rng::OsRng;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = PasswordHasher::start(&OsRng).unwrap();
        let long = "लंबा 🔑 ".repeat(60);
        let stored = hasher.hash(&long, &OsRng).await.unwrap().unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let verdict = hasher.verify(&long, Some(&stored)).await.unwrap();
        assert_eq!(verdict, HashVerdict::Right);
        // Every byte counts, however long the password is.
        let shorter = long.trim_end().to_owned();
        let verdict = hasher.verify(&shorter, Some(&stored)).await.unwrap();
        assert_eq!(verdict, HashVerdict::Wrong);
        assert_ne!(stored, hasher.hash(&long, &OsRng).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn nothing_matches_where_there_is_no_hash() {
        let hasher = PasswordHasher::start(&OsRng).unwrap();
        assert_eq!(hasher.verify("", None).await.unwrap(), HashVerdict::Wrong);
        let verdict = hasher.verify("x", Some("not a hash")).await.unwrap();
        assert_eq!(verdict, HashVerdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_right_and_outdated() {
        let params = Params::new(1_024, 1, 1, None).unwrap();
        let mut output = [0; 32];
        let mut memory = Vec::new();
        let salt = [7; 16];
        compute(
            Algorithm::Argon2id,
            Version::V0x13,
            &params,
            (b"walks by the lake", &salt),
            &mut output,
            &mut memory,
        )
        .unwrap();
        let stored = to_phc_string(&params, &salt, &output).unwrap();
        let hasher = PasswordHasher::start(&OsRng).unwrap();
        let verdict = hasher
            .verify("walks by the lake", Some(&stored))
            .await
            .unwrap();
        assert_eq!(verdict, HashVerdict::RightButOutdated);
    }

    #[tokio::test]
    async fn a_password_matches_however_the_keyboard_composed_its_letters() {
        let (composed, decomposed) = ("Käthe läuft", "Ka\u{308}the la\u{308}uft");
        let hasher = PasswordHasher::start(&OsRng).unwrap();
        let verdict = async |typed, stored: &str| hasher.verify(typed, Some(stored)).await.unwrap();
        for set in [composed, decomposed] {
            let stored = hasher.hash(set, &OsRng).await.unwrap().unwrap();
            assert_eq!(verdict(composed, &stored).await, HashVerdict::Right);
            assert_eq!(verdict(decomposed, &stored).await, HashVerdict::Right);
            assert_eq!(verdict("Kathe lauft", &stored).await, HashVerdict::Wrong);
        }
        // Stored before passwords were normalized.
        let old = hash(decomposed.as_bytes(), &[7; 16], &mut Vec::new()).unwrap();
        assert_eq!(
            verdict(decomposed, &old).await,
            HashVerdict::RightButOutdated
        );
        assert_eq!(verdict(composed, &old).await, HashVerdict::Wrong);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_recovers() {
        let hasher = PasswordHasher::start(&OsRng).unwrap();
        let slow = |hasher: PasswordHasher| async move {
            let job = |_: &mut Vec<Block>| thread::sleep(Duration::from_millis(2));
            hasher.run(job).await
        };
        let many = (0..QUEUE_LENGTH * 2).map(|_| tokio::spawn(slow(hasher.clone())));
        let mut refused = 0;
        for answer in many.collect::<Vec<_>>() {
            refused += usize::from(answer.await.unwrap().is_err());
        }
        assert!(refused > 0);
        assert!(hasher.run(|_| ()).await.is_ok());
    }
}
