//! What clients still have to do, and what they know.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use crate::random_below;

/// Something a client wants, to be asked for until there is an answer. Asking again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// A letter, with so many attachments.
    Letter {
        request: String,
        attachments: usize,
    },
    /// Formal service: opening does not end it.
    Service {
        request: String,
    },
    /// A letter whose attachment is uploaded before.
    Upload {
        request: String,
    },
    /// Letters together; taken back instead of committed where `cancel`.
    Batch {
        batch: String,
        requests: Vec<String>,
        cancel: bool,
    },
    Open {
        letter: String,
    },
    Recall {
        letter: String,
    },
    Trash {
        letter: String,
    },
}

/// The kinds of orders, to be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Submit,
    Upload,
    Batch,
    Open,
    Recall,
    Trash,
}

impl Order {
    pub const fn step(&self) -> Step {
        match self {
            Self::Letter { .. } | Self::Service { .. } => Step::Submit,
            Self::Upload { .. } => Step::Upload,
            Self::Batch { .. } => Step::Batch,
            Self::Open { .. } => Step::Open,
            Self::Recall { .. } => Step::Recall,
            Self::Trash { .. } => Step::Trash,
        }
    }
}

/// How many letters a batch has.
const BATCH: usize = 25;

pub struct Ledger {
    state: Mutex<State>,
    next: AtomicU64,
    paused: AtomicBool,
    started: broadcast::Sender<Step>,
}

#[derive(Default)]
struct State {
    /// Without an answer.
    open: Vec<Order>,
    /// Delivered, and nobody did anything to them yet.
    fresh: Vec<String>,
    /// Opened.
    read: Vec<String>,
    /// Ids of uploads, by the request of their letter.
    uploads: HashMap<String, String>,
    delivered: usize,
    answered: usize,
}

impl Default for Ledger {
    fn default() -> Self {
        let (started, _) = broadcast::channel(64);
        Self {
            state: Mutex::default(),
            next: AtomicU64::new(1),
            paused: AtomicBool::new(false),
            started,
        }
    }
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws what a client does next.
    pub fn draw(&self) -> anyhow::Result<Order> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let request = format!("fault-{n}");
        let order = match random_below(100)? {
            0..40 => Order::Letter { request, attachments: 0 },
            40..52 => Order::Letter { request, attachments: 2 },
            52..60 => Order::Service { request },
            60..62 => Order::Upload { request },
            62..68 => {
                let requests = (0..BATCH).map(|place| format!("{request}/{place}")).collect();
                Order::Batch { batch: request, requests, cancel: random_below(4)? == 0 }
            }
            68..90 => self.of_fresh(request, |letter| Order::Open { letter }),
            90..94 => self.of_fresh(request, |letter| Order::Recall { letter }),
            _ => match self.state().read.pop() {
                Some(letter) => Order::Trash { letter },
                None => Order::Letter { request, attachments: 0 },
            },
        };
        self.state().open.push(order.clone());
        // Nobody may be waiting for it.
        let _ = self.started.send(order.step());
        Ok(order)
    }

    /// Whether clients begin something new; their tokens may be of no use at the moment.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// A letter without attachments, out of turn.
    pub fn letter(&self) -> Order {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let order = Order::Letter { request: format!("fault-{n}"), attachments: 0 };
        self.state().open.push(order.clone());
        order
    }

    fn of_fresh(&self, request: String, order: impl FnOnce(String) -> Order) -> Order {
        let letter = self.state().fresh.pop();
        letter.map_or(Order::Letter { request, attachments: 0 }, order)
    }

    /// What waits for an answer.
    pub fn open(&self) -> Vec<Order> {
        self.state().open.clone()
    }

    pub fn answered(&self, order: &Order) {
        let mut state = self.state();
        state.open.retain(|open| open != order);
        state.answered += 1;
        if let Order::Open { letter } = order {
            state.read.push(letter.clone());
        }
    }

    pub fn delivered(&self, letter: &str) {
        let mut state = self.state();
        state.delivered += 1;
        state.fresh.push(letter.to_owned());
    }

    /// The upload that was begun for a request.
    pub fn upload(&self, request: &str) -> Option<String> {
        self.state().uploads.get(request).cloned()
    }

    /// Keeps the id of an upload; it.
    pub fn remember(&self, request: &str, upload: String) -> String {
        self.state().uploads.insert(request.to_owned(), upload.clone());
        upload
    }

    /// Hears of every order that begins from now on.
    pub fn watch(&self) -> broadcast::Receiver<Step> {
        self.started.subscribe()
    }

    pub fn counts(&self) -> Counts {
        let state = self.state();
        Counts { delivered: state.delivered, answered: state.answered }
    }
}

pub struct Counts {
    pub delivered: usize,
    answered: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (delivered, answered) = (self.delivered, self.answered);
        write!(f, "{delivered} letters acknowledged, {answered} orders answered")
    }
}
