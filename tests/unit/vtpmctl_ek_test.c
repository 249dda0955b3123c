/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <openssl/evp.h>

#include "ca_certificate.h"
#include "certificate_request.h"
#include "rundir.h"
#include "vtpmctl_fixture.h"

static int run_dir_fd;

static void
make_vtpm (void)
{
  make_host ();
  assert_success (vtpm_rundir_create (host.run_dir, "4f3c", &run_dir_fd, &error));
  assert_success (vtpm_rundir_write_record (run_dir_fd, "{}", 2, &error));
}

TestSuite (vtpmctl_ek, .init = make_vtpm, .fini = remove_host, .timeout = 60);

/* Any certificate does.  */
static void
show_certificate (enum vtpm_key_type type, const char *name)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  uint8_t der[VTPM_CERTIFICATE_MAX];
  unsigned char *next = der;
  X509 *certificate = NULL;
  int size;

  assert_success (vtpm_ca_certificate_make (key, name, NULL, time (NULL), &certificate, &error));
  size = i2d_X509 (certificate, &next);
  assert_success (vtpm_rundir_write_ek (run_dir_fd, type, der, (size_t) size, &error));
  X509_free (certificate);
  EVP_PKEY_free (key);
}

Test (vtpmctl_ek, shows_keys)
{
  show_certificate (VTPM_KEY_ECC_P384, "two");
  show_certificate (VTPM_KEY_RSA_2048, "one");
  run_success ("ek 4f");
  expect_printed ("rsa2048\n  subject  CN=one\n  issuer   CN=one\n  serial   ");
  expect_printed ("ecc-p384\n  subject  CN=two\n");
  expect_printed ("  until    never\n-----BEGIN PUBLIC KEY-----\n");
  run_success ("ek 4f3c --pem");
  cr_expect_eq (strncmp (printed, "-----BEGIN PUBLIC KEY-----\n", 27), 0);
  expect_not_printed ("CERTIFICATE");
  run_success ("ek 4f3c --cert");
  cr_expect_eq (strncmp (printed, "-----BEGIN CERTIFICATE-----\n", 28), 0);
  expect_not_printed ("PUBLIC KEY");
  run_success ("ek 4f3c --json");
  expect_printed ("\"type\":\"rsa2048\"");
  expect_printed ("\"subject\":\"CN=two\"");
  expect_printed ("\"notAfter\":\"never\"");
  expect_printed ("\"publicKey\":\"-----BEGIN PUBLIC KEY-----\\n");
}

Test (vtpmctl_ek, says_that_there_is_none)
{
  run_error ("ek 4f3c", ENOENT, "4f3c: its TPM has no endorsement key with a certificate");
  run_success ("ek 4f3c --json");
  cr_expect_str_eq (printed, "[\n]\n");
  run_error ("ek 5", ENOENT, "no vTPM of a container \"5\"");
}

Test (vtpmctl_ek, takes_nothing_else_for_one)
{
  assert_success (vtpm_rundir_write_ek (run_dir_fd, VTPM_KEY_RSA_3072, (const uint8_t *) "0123", 4,
                                        &error));
  run_error ("ek 4f3c", EBADMSG, "4f3c: rsa3072: its TPM has no X.509 certificate");
  run_error ("ek 4f3c --pem --cert", EINVAL, "one of --json, --pem and --cert is enough");
}
