//! Profiles: the sign-in of a campus.

pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod entropy;
pub mod id;
pub mod links;
pub mod login;
pub mod oauth;
pub mod people;
pub mod scope;
pub mod secret;
pub mod web;

mod health;
