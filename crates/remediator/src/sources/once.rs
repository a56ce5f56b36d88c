//! A question that many ask at once is asked once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

type Waiting<K, T> = HashMap<K, Vec<oneshot::Sender<T>>>;

/// Questions of one kind, by what they are about.
///
/// Of each at most one is under way. Whoever asks meanwhile waits for the next, with all others who do: an answer that
/// was on its way already may be older than what the asker knows.
#[derive(Debug)]
pub(super) struct Once<K, T> {
    /// Those who wait for the next answer; an entry means that a question is under way.
    waiting: Arc<Mutex<Waiting<K, T>>>,
}

impl<K, T> Default for Once<K, T> {
    fn default() -> Self {
        Self {
            waiting: Arc::default(),
        }
    }
}

impl<K, T> Once<K, T>
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Clone + Default + Send + 'static,
{
    /// The answer of a question that was asked after this call. It is asked on even when the caller has gone.
    pub(super) async fn ask<F>(&self, key: K, question: impl Fn(K) -> F + Send + 'static) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let is_first = {
            let mut waiting = lock(&self.waiting);
            match waiting.get_mut(&key) {
                Some(waiting) => {
                    waiting.push(sender);
                    None
                }
                None => {
                    waiting.insert(key.clone(), Vec::new());
                    Some(sender)
                }
            }
        };
        if let Some(sender) = is_first {
            tokio::spawn(serve(self.waiting.clone(), key, sender, question));
        }
        // The sender is lost only when the question panicked, which is no answer.
        answer.await.unwrap_or_default()
    }
}

async fn serve<K, T, F>(
    all: Arc<Mutex<Waiting<K, T>>>,
    key: K,
    first: oneshot::Sender<T>,
    question: impl Fn(K) -> F,
) where
    K: Eq + Hash + Clone,
    T: Clone,
    F: Future<Output = T>,
{
    let mut askers = vec![first];
    while !askers.is_empty() {
        let answer = question(key.clone()).await;
        for asker in askers {
            // One who has gone needs no answer.
            let _ = asker.send(answer.clone());
        }
        let mut waiting = lock(&all);
        askers = waiting
            .get_mut(&key)
            .map(std::mem::take)
            .unwrap_or_default();
        if askers.is_empty() {
            waiting.remove(&key);
        }
    }
}

fn lock<K, T>(waiting: &Mutex<Waiting<K, T>>) -> MutexGuard<'_, Waiting<K, T>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn those_who_ask_while_a_question_is_under_way_share_the_next_one() {
        let once = Arc::new(Once::<&str, u64>::default());
        let asked = Arc::new(AtomicU64::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let ask = |key| {
            let (once, asked, gate) = (once.clone(), asked.clone(), gate.clone());
            tokio::spawn(async move {
                let question = move |_| {
                    let (asked, gate) = (asked.clone(), gate.clone());
                    async move {
                        let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
                        gate.acquire().await.expect("it is open").forget();
                        number
                    }
                };
                once.ask(key, question).await
            })
        };
        let first = ask("a");
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let late: Vec<_> = (0..10).map(|_| ask("a")).collect();
        while lock(&once.waiting)["a"].len() < 10 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), 1);
        for answer in join_all(late).await {
            assert_eq!(answer.unwrap(), 2);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert!(lock(&once.waiting).is_empty(), "nothing is left behind");
    }
}
