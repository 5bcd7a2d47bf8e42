//! Profiles: the sign-in of a campus.

pub mod app;
pub mod apps;
pub mod audit;
pub mod authorize;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connected_apps;
pub mod db;
pub mod demo;
pub mod entropy;
pub mod grants;
pub mod id;
pub mod jobs;
pub mod links;
pub mod login;
pub mod mail;
pub mod oauth;
pub mod people;
pub mod pictures;
pub mod profile;
pub mod scope;
pub mod secret;
pub mod token;
pub mod upstream;
pub mod user_api;
pub mod web;
pub mod welcome;

mod health;
mod metadata;
