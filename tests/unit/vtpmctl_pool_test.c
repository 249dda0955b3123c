/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

#define UUID "-0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f"
#define RSA "ek01-pcr0-ca00000000" UUID

TestSuite (vtpmctl_pool, .init = make_host, .fini = remove_host, .timeout = 60);

static void
configure_pool (const char *pool)
{
  char config[1024];

  snprintf (config, sizeof (config), "{\"stateDir\":\"%s\",%s}", temp_dir, pool);
  write_temp_file ("config.json", config, strlen (config));
}

Test (vtpmctl_pool, shows_what_there_is)
{
  configure_pool ("\"pool\":[{\"ek\":\"rsa2048\",\"count\":7}]");
  make_instance ("_pool/" RSA "1", 1, "state");
  make_instance ("_pool/" RSA "2", 1, "state");
  make_instance ("_pool/ek08-pcr2-ca0000abcd" UUID "1", 1, "state");
  make_instance ("web", 1, "state");
  run_success ("pool status");
  expect_printed ("EK       PCR BANKS READY WANTED");
  expect_printed ("rsa2048  all           2      7");
  expect_printed ("ecc-p384 sha256        1      0 other settings");
  run_success ("pool status --json");
  expect_printed ("\"ek\":\"rsa2048\"");
  expect_printed ("\"ready\":2");
  expect_printed ("\"wanted\":7");
  expect_printed ("\"stale\":true");
  run_success ("list");
  expect_printed ("local/web");
  expect_not_printed ("_pool");
}

Test (vtpmctl_pool, is_emptied)
{
  make_instance ("_pool/" RSA "1", 1, "state");
  make_instance ("_pool/ek08-pcr2-ca0000abcd" UUID "1", 1, "state");
  make_instance ("web", 1, "state");
  run_success ("pool drain");
  cr_expect_str_eq (printed, "2 removed\n");
  expect_instance ("web", 1, "state");
  run_success ("pool drain");
  cr_expect_str_eq (printed, "0 removed\n");
}

/* A container is just taking it.  */
Test (vtpmctl_pool, keeps_what_is_in_use)
{
  struct vtpm_store *store;

  make_instance ("_pool/" RSA "1", 1, "state");
  store = open_instance ("_pool/" RSA "1", 1);
  run_success ("pool drain");
  cr_expect_str_eq (printed, "0 removed\n");
  vtpm_store_close (store);
  expect_instance ("_pool/" RSA "1", 1, "state");
}

Test (vtpmctl_pool, is_not_filled_without_a_wish)
{
  run_error ("pool fill", EINVAL, "has no \"pool\", and neither --ek nor --pcr-banks is given");
  run_error ("pool fill --count 3", EINVAL, "--count without --ek or --pcr-banks");
  run_error ("pool fill --ek rsa2048", EINVAL, "--count is missing");
  run_error ("pool fill --ek rsa --count 3", EINVAL, "--ek: \"rsa\" is not a type of key");
  run_error ("pool fill --pcr-banks md5 --count 3", EINVAL, "--pcr-banks: \"md5\" is not a PCR");
  run_error ("pool fill --ek none --count 3", EINVAL, "such a TPM needs no pool");
  configure_pool ("\"pool\":[{\"ek\":\"rsa2048\"}]");
  run_error ("pool fill", ENOENT, "\"pool\": \"count\" is missing");
  run_error ("pool status", ENOENT, "\"pool\": \"count\" is missing");
}
