/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca.h"

#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ca_index.h"
#include "expect_error.h"
#include "temp_dir.h"

#define NOW ((time_t) 1790000000)

static const struct vtpm_ca_place place = { .dir = temp_dir };
static const struct vtpm_certificate_policy policy = { .validity_days = 30 };

TestSuite (ca, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 120);

static struct vtpm_ca *
open_ca (void)
{
  struct vtpm_ca *ca = NULL;

  assert_success (vtpm_ca_open (&place, &ca, &error));
  return ca;
}

static struct vtpm_ca *
create (void)
{
  assert_success (vtpm_ca_create (&place, VTPM_CA_KEY_ECC_P384, "test", NOW, &error));
  return open_ca ();
}

/* Of one key, made once.  */
static struct vtpm_certificate_request
make_request (void)
{
  static unsigned char der[512];
  static size_t size;
  unsigned char *next = der;

  if (size == 0)
    {
      EVP_PKEY *key = EVP_EC_gen ("P-256");

      size = (size_t) i2d_PUBKEY (key, &next);
      EVP_PKEY_free (key);
    }
  return (struct vtpm_certificate_request) {
    .key = der, .key_size = size, .version = VTPM_TPM_2_0, .revision = 164,
  };
}

static X509 *
issue (struct vtpm_ca *ca)
{
  const struct vtpm_certificate_request request = make_request ();
  uint8_t der[VTPM_CERTIFICATE_MAX];
  const unsigned char *next = der;
  size_t size = 0;
  X509 *certificate;

  assert_success (vtpm_ca_issue (ca, &request, &policy, NOW, der, &size, &error));
  assert_success (
      vtpm_certificate_check (der, size, &request, vtpm_ca_issuer (ca), NOW + 1, &error));
  certificate = d2i_X509 (NULL, &next, (long) size);
  cr_assert_not_null (certificate);
  return certificate;
}

static void
expect_no_issue (struct vtpm_ca *ca, time_t now, int errnum, const char *message)
{
  const struct vtpm_certificate_request request = make_request ();
  uint8_t der[VTPM_CERTIFICATE_MAX];
  size_t size = 77;

  expect_error (vtpm_ca_issue (ca, &request, &policy, now, der, &size, &error), errnum, message);
  cr_expect_eq (size, 77);
}

/* As OpenSSL sees the chain.  */
static int
verify (struct vtpm_ca *ca, X509 *certificate)
{
  X509_STORE *store = X509_STORE_new ();
  X509_STORE_CTX *context = X509_STORE_CTX_new ();
  STACK_OF (X509) *chain = sk_X509_new_null ();
  int result;

  X509_STORE_add_cert (store, vtpm_ca_root (ca));
  sk_X509_push (chain, vtpm_ca_issuer (ca));
  X509_STORE_CTX_init (context, store, certificate, chain);
  X509_STORE_CTX_set_time (context, 0, NOW + 1);
  X509_STORE_CTX_set_flags (context, X509_V_FLAG_X509_STRICT);
  X509_verify_cert (context);
  result = X509_STORE_CTX_get_error (context);
  X509_STORE_CTX_free (context);
  X509_STORE_free (store);
  sk_X509_free (chain);
  return result;
}

Test (ca, issues_what_its_root_vouches_for)
{
  _cleanup_ca_ struct vtpm_ca *ca = create ();
  X509 *certificate = issue (ca);
  int result = verify (ca, certificate);

  cr_expect_eq (result, X509_V_OK, "%s", X509_verify_cert_error_string (result));
  X509_free (certificate);
}

Test (ca, may_have_rsa_keys)
{
  _cleanup_ca_ struct vtpm_ca *ca = NULL;
  X509 *certificate;

  assert_success (vtpm_ca_create (&place, VTPM_CA_KEY_RSA_3072, "test", NOW, &error));
  ca = open_ca ();
  certificate = issue (ca);
  cr_expect_eq (verify (ca, certificate), X509_V_OK);
  X509_free (certificate);
}

Test (ca, keeps_its_keys_to_itself)
{
  static const char *const names[] = { "root.key", "issuer.key", "index.txt", "serial", "lock" };
  struct stat status;

  vtpm_ca_close (create ());
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      cr_assert_eq (stat (temp_path (names[i]), &status), 0);
      cr_expect_eq (status.st_mode & 0777, 0600, "%s", names[i]);
    }
}

Test (ca, is_made_once)
{
  _cleanup_ca_ struct vtpm_ca *ca = create ();

  expect_error (vtpm_ca_create (&place, VTPM_CA_KEY_ECC_P384, "test", NOW, &error), EEXIST,
                "there is an authority already");
  X509_free (issue (ca));
}

/* All but the index is there.  */
Test (ca, is_made_again_when_the_first_attempt_was_cut_short)
{
  vtpm_ca_close (create ());
  cr_assert_eq (unlink (temp_path ("index.txt")), 0);
  vtpm_ca_close (create ());
}

static const char *
serial_text (X509 *certificate)
{
  static char text[VTPM_SERIAL_TEXT_SIZE];
  const ASN1_INTEGER *serial = X509_get0_serialNumber (certificate);

  for (int i = 0; i < ASN1_STRING_length (serial); i++)
    snprintf (text + 2 * i, 3, "%02x", ASN1_STRING_get0_data (serial)[i]);
  return text;
}

static long
get_number (X509_CRL *list)
{
  ASN1_INTEGER *number = X509_CRL_get_ext_d2i (list, NID_crl_number, NULL, NULL);
  long value = ASN1_INTEGER_get (number);

  ASN1_INTEGER_free (number);
  return value;
}

Test (ca, lists_what_is_revoked)
{
  _cleanup_ca_ struct vtpm_ca *ca = create ();
  X509 *good = issue (ca), *bad = issue (ca);
  X509_CRL *list = NULL;
  X509_REVOKED *entry;
  size_t count = 0;

  assert_success (vtpm_ca_list_revoked (ca, NOW, 7, &list, &error));
  cr_expect_eq (get_number (list), 1);
  cr_expect_eq (X509_CRL_get0_by_cert (list, &entry, bad), 0);
  X509_CRL_free (list);
  assert_success (vtpm_ca_revoke (ca, serial_text (bad), NOW, &count, &error));
  cr_expect_eq (count, 1);
  assert_success (vtpm_ca_list_revoked (ca, NOW, 7, &list, &error));
  cr_expect_eq (get_number (list), 2);
  cr_expect_eq (X509_CRL_verify (list, X509_get0_pubkey (vtpm_ca_issuer (ca))), 1);
  cr_expect_eq (X509_CRL_get0_by_cert (list, &entry, bad), 1);
  cr_expect_eq (X509_CRL_get0_by_cert (list, &entry, good), 0);
  X509_CRL_free (list);
  expect_error (vtpm_ca_revoke (ca, "1234", NOW, &count, &error), ENOENT, "has no certificate");
  X509_free (good);
  X509_free (bad);
}

static int
compare (const void *one, const void *other)
{
  return memcmp (one, other, VTPM_SERIAL_SIZE);
}

static void
add_serial (X509 *certificate, uint8_t serial[VTPM_SERIAL_SIZE])
{
  const ASN1_INTEGER *number = X509_get0_serialNumber (certificate);

  cr_assert_eq (ASN1_STRING_length (number), VTPM_SERIAL_SIZE);
  memcpy (serial, ASN1_STRING_get0_data (number), VTPM_SERIAL_SIZE);
  X509_free (certificate);
}

/* Even if the whole directory is that of a backup.  */
Test (ca, never_gives_a_serial_number_twice)
{
  static uint8_t serials[1000][VTPM_SERIAL_SIZE];
  _cleanup_ca_ struct vtpm_ca *ca = create ();
  struct vtpm_ca_index index = { 0 };
  int dir_fd = open (temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (size_t i = 0; i < 1000; i++)
    {
      if (i % 100 == 0)
        {
          FILE *serial = fopen (temp_path ("serial"), "we");

          fputs ("5\n", serial);
          fclose (serial);
        }
      add_serial (issue (ca), serials[i]);
    }
  qsort (serials, 1000, VTPM_SERIAL_SIZE, compare);
  for (size_t i = 1; i < 1000; i++)
    cr_assert_neq (memcmp (serials[i - 1], serials[i], VTPM_SERIAL_SIZE), 0);
  assert_success (vtpm_ca_index_read (dir_fd, "index", &index, &error));
  cr_assert_eq (index.count, 1000);
  vtpm_ca_index_clear (&index);
  close (dir_fd);
}

static void
issue_many (int count)
{
  struct vtpm_ca *ca = open_ca ();

  for (int i = 0; i < count; i++)
    X509_free (issue (ca));
  vtpm_ca_close (ca);
}

Test (ca, serves_several_at_once)
{
  struct vtpm_ca_index index = { 0 };
  int dir_fd = open (temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  vtpm_ca_close (create ());
  for (int i = 0; i < 4; i++)
    if (fork () == 0)
      {
        issue_many (25);
        _exit (0);
      }
  for (int i = 0; i < 4; i++)
    {
      int status = -1;

      cr_assert_gt (wait (&status), 0);
      cr_expect_eq (status, 0);
    }
  assert_success (vtpm_ca_index_read (dir_fd, "index", &index, &error));
  cr_expect_eq (index.count, 100);
  for (size_t i = 1; i < index.count; i++)
    cr_expect_lt (strncmp (index.entries[i - 1].serial, index.entries[i].serial, 16), 0);
  vtpm_ca_index_clear (&index);
  close (dir_fd);
}

static void
write_file (const char *name, const char *text)
{
  FILE *file = fopen (temp_path (name), "we");

  cr_assert_not_null (file);
  fputs (text, file);
  fclose (file);
}

Test (ca, names_the_file_that_is_wrong)
{
  static const struct
  {
    const char *name, *message;
  } cases[] = {
    { "root.pem", "root.pem is no certificate in PEM" },
    { "issuer.pem", "issuer.pem is no certificate in PEM" },
    { "issuer.key", "issuer.key is no unencrypted private key in PEM" },
  };
  struct vtpm_ca *ca = NULL;

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      vtpm_ca_close (create ());
      write_file (cases[i].name, "rubbish\n");
      expect_error (vtpm_ca_open (&place, &ca, &error), EBADMSG, cases[i].message);
      cr_assert_eq (unlink (temp_path (cases[i].name)), 0);
      expect_error (vtpm_ca_open (&place, &ca, &error), ENOENT, cases[i].name);
      cr_assert_eq (unlink (temp_path ("index.txt")), 0);
    }
  expect_error (vtpm_ca_open (&place, &ca, &error), ENOENT, "vtpmctl ca init makes one");
  expect_error (vtpm_ca_open (&(struct vtpm_ca_place) { .dir = temp_path ("none") }, &ca, &error), ENOENT, "none");
}

Test (ca, is_one_and_not_parts_of_two)
{
  struct vtpm_ca *ca = NULL;

  vtpm_ca_close (create ());
  cr_assert_eq (rename (temp_path ("issuer.pem"), temp_path ("old.pem")), 0);
  cr_assert_eq (rename (temp_path ("root.pem"), temp_path ("old-root.pem")), 0);
  cr_assert_eq (unlink (temp_path ("index.txt")), 0);
  vtpm_ca_close (create ());
  cr_assert_eq (rename (temp_path ("old.pem"), temp_path ("issuer.pem")), 0);
  expect_error (vtpm_ca_open (&place, &ca, &error), EBADMSG, "issuer.key is not the key of");
  cr_assert_eq (unlink (temp_path ("index.txt")), 0);
  vtpm_ca_close (create ());
  cr_assert_eq (rename (temp_path ("old-root.pem"), temp_path ("root.pem")), 0);
  expect_error (vtpm_ca_open (&place, &ca, &error), EBADMSG, "issuer.pem is not signed by");
}

Test (ca, issues_nothing_without_its_records)
{
  _cleanup_ca_ struct vtpm_ca *ca = create ();

  cr_assert_eq (unlink (temp_path ("index.txt")), 0);
  expect_no_issue (ca, NOW, ENOENT, "index.txt is missing");
  write_file ("index.txt", "");
  cr_assert_eq (unlink (temp_path ("serial")), 0);
  expect_no_issue (ca, NOW, ENOENT, "serial is missing");
  write_file ("serial", "one\n");
  expect_no_issue (ca, NOW, EBADMSG, "serial is damaged");
  write_file ("serial", "77\n");
  X509_free (issue (ca));
}

Test (ca, issues_nothing_when_it_has_expired)
{
  _cleanup_ca_ struct vtpm_ca *ca = create ();

  expect_no_issue (ca, NOW + 11 * 365 * (time_t) 86400, EKEYEXPIRED,
                   "issuer.pem has expired: vtpmctl ca renew");
}

Test (ca, issues_nothing_on_a_full_disk)
{
  const struct rlimit limit = { 1, 1 };
  _cleanup_ca_ struct vtpm_ca *ca = create ();

  signal (SIGXFSZ, SIG_IGN);
  cr_assert_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
  expect_no_issue (ca, NOW, EFBIG, "serial");
}
