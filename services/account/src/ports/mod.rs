//! What is outside: the notification service.

pub mod contact;
