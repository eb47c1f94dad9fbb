CREATE DATABASE keycloak;
-- Keycloak's lists under fine-grained permissions are long joins that PostgreSQL plans anew each time, at about the
-- price of running them; with one plan for all (and `prepareThreshold=1` in the address) a list takes half the time.
ALTER DATABASE keycloak SET plan_cache_mode = force_generic_plan;
