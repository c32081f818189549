//! What holds for any log, in the pure fold and on both databases.

mod customers;
mod databases;
mod deals;
mod folds;
mod histories;
mod levels;
mod logs;
mod pricing;
mod sales;
mod sign_ups;
