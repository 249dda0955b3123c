/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <openssl/evp.h>

#include "ca.h"
#include "vtpmctl_fixture.h"

/* The directory is the test's user's, which vtpmctl stays then.  */
static void
make_ca_dir (void)
{
  make_host ();
  cr_assert_eq (mkdir (temp_path ("ca"), 0700), 0);
}

TestSuite (vtpmctl_ca, .init = make_ca_dir, .fini = remove_host, .timeout = 60);

static char serial[2 * VTPM_SERIAL_SIZE + 1];

static void
issue (const char *uuid)
{
  const struct vtpm_certificate_policy policy = { .validity_days = 30 };
  const struct vtpm_ca_place place = { .dir = temp_path ("ca") };
  struct vtpm_certificate_request request = { .version = VTPM_TPM_2_0, .binding.uuid = uuid };
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  uint8_t der[VTPM_CERTIFICATE_MAX], public_key[512];
  unsigned char *next = public_key;
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };
  struct vtpm_ca *ca = NULL;
  size_t size;

  request.key = public_key;
  request.key_size = (size_t) i2d_PUBKEY (key, &next);
  assert_success (vtpm_ca_open (&place, &ca, &error));
  assert_success (vtpm_ca_issue (ca, &request, &policy, time (NULL), der, &size, &error));
  assert_success (vtpm_ca_read_index (ca, &index, &error));
  strcpy (serial, index.entries[index.count - 1].serial);
  vtpm_ca_close (ca);
  EVP_PKEY_free (key);
}

Test (vtpmctl_ca, makes_an_authority_once)
{
  run_success ("ca init --name test");
  expect_printed ("/ca: an authority with the issuer CN=test EK issuer\n");
  run_success ("ca show");
  expect_printed ("root       CN=test EK root, until never\n");
  expect_printed ("issued     0 certificates, 0 of them revoked\n");
  run_success ("ca list");
  run_error ("ca init", EEXIST, "there is an authority already");
}

Test (vtpmctl_ca, may_be_of_rsa)
{
  run_success ("ca init --key-type rsa3072 --name test");
  run_success ("ca show --json");
  expect_printed ("\"issued\":0");
  expect_printed ("\"subject\":\"CN=test EK root\"");
  run_success ("ca show --pem");
  cr_expect_eq (strncmp (printed, "-----BEGIN CERTIFICATE-----\n", 28), 0);
}

Test (vtpmctl_ca, lists_and_revokes)
{
  char line[64];

  run_success ("ca init");
  issue ("0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff");
  issue (NULL);
  run_success ("ca list");
  expect_printed ("0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff");
  expect_printed (serial);
  expect_not_printed ("revoked");
  snprintf (line, sizeof (line), "ca revoke %s", serial);
  run_success (line);
  expect_printed ("1 revoked");
  run_success (line);
  expect_printed ("already revoked");
  run_success ("ca revoke 0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff");
  run_success ("ca list --json");
  expect_printed ("\"state\":\"revoked\"");
  expect_not_printed ("\"state\":\"valid\"");
  run_error ("ca revoke nobody", ENOENT, "nobody");
  run_success ("ca crl --days 1");
  cr_expect_eq (strncmp (printed, "-----BEGIN X509 CRL-----\n", 25), 0);
  run_success ("ca show");
  expect_printed ("2 certificates, 2 of them revoked");
}

Test (vtpmctl_ca, renews_its_issuer)
{
  run_success ("ca init");
  issue (NULL);
  run_success ("ca renew");
  expect_printed ("the issuer's certificate is valid until 20");
  issue (NULL);
  cr_assert_eq (unlink (temp_path ("ca/root.key")), 0);
  issue (NULL);
  run_error ("ca renew", ENOENT, "the root's key is needed: cannot open");
}

Test (vtpmctl_ca, needs_an_authority)
{
  static const char *const lines[]
      = { "ca show", "ca list", "ca revoke 1", "ca crl", "ca renew" };

  for (size_t i = 0; i < sizeof (lines) / sizeof (lines[0]); i++)
    run_error (lines[i], ENOENT, "there is no authority in ");
  cr_assert_eq (rmdir (temp_path ("ca")), 0);
  run_error ("ca show", ENOENT, "/ca: vtpmctl ca init makes one");
}

Test (vtpmctl_ca, wants_a_directory_of_its_own)
{
  cr_assert_eq (chmod (temp_path ("ca"), 0750), 0);
  run_error ("ca init", EPERM, "/ca may be entered by others than its owner: chmod 700");
  cr_assert_eq (rmdir (temp_path ("ca")), 0);
  write_temp_file ("ca", "", 0);
  run_error ("ca show", ENOTDIR, "/ca is no directory");
}

Test (vtpmctl_ca, has_a_name_that_fits)
{
  run_error ("ca init --name 123456789012345678901234567890123456789012345678901234567890", EINVAL,
             "the name of an authority has 1 to 54 bytes");
  run_error ("ca init --name=", EINVAL, "has 1 to 54 bytes");
}

static void
configure_ca (const char *ca)
{
  char config[2048];

  snprintf (config, sizeof (config), "{\"stateDir\":\"%s\",\"ca\":%s}", temp_dir, ca);
  write_temp_file ("config.json", config, strlen (config));
}

Test (vtpmctl_ca, may_have_an_issuer_of_somebody_elses)
{
  char config[1024];

  run_success ("ca init");
  cr_assert_eq (mkdir (temp_path ("other"), 0700), 0);
  snprintf (config, sizeof (config),
            "{\"dir\":\"%s/other\",\"issuer\":{\"certificate\":\"%s/ca/issuer.pem\","
            "\"key\":\"%s/ca/issuer.key\"}}",
            temp_dir, temp_dir, temp_dir);
  configure_ca (config);
  run_success ("ca init");
  cr_expect_not (is_there ("other/issuer.key"));
  run_success ("ca show");
  expect_not_printed ("root");
  run_error ("ca renew", EINVAL, "issuer.pem is not this authority's to renew");
}

Test (vtpmctl_ca, has_no_business_with_a_command)
{
  configure_ca ("{\"issuer\":{\"certificate\":\"/c.pem\",\"command\":[\"/sign\",\"--now\"]}}");
  run_error ("ca list", EOPNOTSUPP, "/sign signs the certificates");
  run_error ("ca init", EOPNOTSUPP, "/sign signs the certificates");
}
