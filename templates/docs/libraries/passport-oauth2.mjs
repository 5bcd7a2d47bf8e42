import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-oauth2'

const base = {{ base }}
const callbackURL = {{ redirect_uri }}
const campus = new Strategy({
  authorizationURL: base + '/oauth/authorize/',
  tokenURL: base + '/oauth/token/',
  clientID: {{ client_id }},
  clientSecret: {% if is_public %}''{% else %}process.env.CLIENT_SECRET{% endif %},
  callbackURL,
  scope: {{ scope }},
  state: true,
  pkce: true,
}, (access, refresh, person, done) => done(null, person))

// Who it is.
campus.userProfile = (token, done) => {
  const headers = { authorization: `Bearer ${token}` }
  fetch(base + '/user/api/user/?fields=' + {{ fields }}, { headers })
    .then((answer) => answer.json())
    .then((person) => done(null, person), done)
}

const site = express()
site.use(session({
  secret: process.env.SESSION_SECRET,
  resave: false,
  saveUninitialized: false,
}))
site.use(passport.authenticate('session'))
passport.use('campus', campus)
passport.serializeUser((person, done) => done(null, person))
passport.deserializeUser((person, done) => done(null, person))

site.get('/sign-in', passport.authenticate('campus'))
site.get(new URL(callbackURL).pathname, passport.authenticate('campus'),
  (request, answer) => answer.json(request.user))
site.listen(process.env.PORT ?? 3000)
