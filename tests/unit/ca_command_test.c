/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_command.h"

#include <openssl/pem.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ca.h"
#include "expect_error.h"
#include "json.h"
#include "request_json.h"
#include "temp_dir.h"

#define SECONDS 60

static X509 *issuer;
static uint8_t key[512];
static struct vtpm_certificate_request request
    = { .key = key, .version = VTPM_TPM_2_0, .manufacturer = 0x49424d00, .revision = 164,
        .firmware_version = 0x20191023, .binding = { .uuid = "u", .pod = "web-0" } };

static void
write_pem (const char *name, X509 *certificate)
{
  FILE *file = fopen (temp_path (name), "we");

  cr_assert_not_null (file);
  cr_assert_eq (PEM_write_X509 (file, certificate), 1);
  cr_assert_eq (fclose (file), 0);
}

static void
write_certificate (const char *name, struct vtpm_ca *ca,
                   const struct vtpm_certificate_request *what, unsigned int days)
{
  const struct vtpm_certificate_policy policy = { .validity_days = days };
  uint8_t der[VTPM_CERTIFICATE_MAX];
  const unsigned char *next = der;
  X509 *certificate;
  size_t size;

  assert_success (vtpm_ca_issue (ca, what, &policy, time (NULL) - 2 * 86400, der, &size, &error));
  certificate = d2i_X509 (NULL, &next, (long) size);
  write_pem (name, certificate);
  X509_free (certificate);
}

static size_t
make_key (uint8_t der[512])
{
  EVP_PKEY *made = EVP_EC_gen ("P-256");
  unsigned char *next = der;
  int size = i2d_PUBKEY (made, &next);

  EVP_PKEY_free (made);
  return (size_t) size;
}

/* Certificates for a command to give: good, of another key, and no longer valid.  */
static void
make_certificates (void)
{
  struct vtpm_ca_place place = { .dir = temp_dir };
  struct vtpm_certificate_request other = request;
  uint8_t other_key[512];
  struct vtpm_ca *ca = NULL;

  make_temp_dir ();
  request.key_size = make_key (key);
  other.key = other_key;
  other.key_size = make_key (other_key);
  assert_success (
      vtpm_ca_create (&place, VTPM_CA_KEY_ECC_P384, "test", time (NULL) - 3 * 86400, &error));
  assert_success (vtpm_ca_open (&place, &ca, &error));
  write_certificate ("good", ca, &request, 30);
  write_certificate ("other", ca, &other, 30);
  write_certificate ("expired", ca, &request, 1);
  issuer = vtpm_ca_issuer (ca);
  X509_up_ref (issuer);
  vtpm_ca_close (ca);
}

static void
remove_certificates (void)
{
  X509_free (issuer);
  remove_temp_dir ();
}

TestSuite (ca_command, .init = make_certificates, .fini = remove_certificates, .timeout = 120);

static size_t size;
static uint8_t certificate[VTPM_CERTIFICATE_MAX];

/* A shell script of the test's: its first argument is the temporary directory.  */
static int
run_with (const char *script, unsigned int seconds, struct vtpm_error **error)
{
  const char *arguments[] = { temp_path ("command"), temp_dir, NULL };
  FILE *file = fopen (arguments[0], "we");
  int result;

  cr_assert_not_null (file);
  fprintf (file, "#!/bin/sh\n%s\n", script);
  cr_assert_eq (fchmod (fileno (file), 0755), 0);
  cr_assert_eq (fclose (file), 0);
  size = 77;
  result = vtpm_ca_command_run (arguments, &request, issuer, seconds, certificate, &size, error);
  cr_expect_eq (waitpid (-1, NULL, WNOHANG), -1, "%s: a process was left", script);
  cr_expect_eq (size == 77, result < 0);
  return result;
}

#define run(script, error) run_with ((script), SECONDS, (error))

Test (ca_command, gets_a_certificate)
{
  assert_success (run ("cat >$1/question; cat $1/good; echo chatter >&2", &error));
  assert_success (vtpm_certificate_check (certificate, size, &request, issuer, time (NULL), &error));
}

Test (ca_command, may_answer_without_having_heard)
{
  assert_success (run ("exec <&-; cat $1/good", &error));
}

Test (ca_command, may_leave_something_running)
{
  assert_success (run ("sleep 1000 & cat $1/good", &error));
}

Test (ca_command, is_told_all)
{
  _cleanup_json_ json_object *json = NULL;
  const char *text;
  char asked[4096] = "";
  FILE *file;

  assert_success (run ("cat >$1/question; cat $1/good", &error));
  assert_success (vtpm_request_to_json (&request, &json, &error));
  text = json_object_to_json_string_ext (json, JSON_C_TO_STRING_PLAIN
                                                   | JSON_C_TO_STRING_NOSLASHESCAPE);
  file = fopen (temp_path ("question"), "re");
  cr_assert_gt (fread (asked, 1, sizeof (asked) - 1, file), 0);
  fclose (file);
  cr_expect_str_eq (asked, text);
  cr_expect_not_null (strstr (asked, "{\"publicKey\":\"-----BEGIN PUBLIC KEY-----\\n"));
  cr_expect_not_null (strstr (asked, "\"purpose\":\"EK\",\"tpm\":{\"family\":\"2.0\",\"level\":0,"
                                     "\"revision\":164,\"manufacturer\":\"id:49424D00\",\"model\":"
                                     "\"libtpms\",\"version\":\"id:20191023\"},\"uuid\":\"u\","
                                     "\"pod\":\"web-0\"}"));
}

/* Nothing of ours but what it needs.  */
Test (ca_command, inherits_nothing)
{
  assert_success (run ("ls /proc/self/fd >$1/fds; env >$1/env; pwd >$1/pwd; cat $1/good", &error));
  expect_error (run ("tr '\\n' ' ' <$1/fds >&2; exit 1", &error), ECHILD, "exit status 1: 0 1 2 3");
  expect_error (run ("grep -v -e ^PATH= -e ^PWD= -e ^_= -e ^OLDPWD= $1/env >&2; exit 1", &error),
                ECHILD, "exit status 1");
  expect_error (run ("cat $1/pwd >&2; exit 1", &error), ECHILD, "exit status 1: /");
}

Test (ca_command, says_how_it_went_wrong)
{
  static const struct
  {
    const char *script, *message;
    int errnum;
  } cases[] = {
    { "exit 3", "/command: exit status 3", ECHILD },
    { "echo first >&2; printf 'the \\033 last\\n\\n' >&2; exit 3", "exit status 3: the ? last", ECHILD },
    { "cat $1/good; exit 3", "exit status 3", ECHILD },
    { "kill -SEGV $$", "was killed by signal 11", ECHILD },
    { "true", "wrote 0 bytes, and no certificate in PEM", EBADMSG },
    { "echo garbage", "wrote 8 bytes, and no certificate in PEM", EBADMSG },
    { "head -c 100000 /dev/zero; cat $1/good", "wrote 65536 bytes, and no certificate", EBADMSG },
    { "cat $1/other", "the certificate is for another key", EBADMSG },
    { "cat $1/expired", "the certificate has expired", EBADMSG },
    { "cat $1/issuer.pem", "the certificate is for another key", EBADMSG },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    expect_error (run (cases[i].script, &error), cases[i].errnum, cases[i].message);
}

Test (ca_command, has_to_be_in_time)
{
  static const char *const scripts[] = {
    "exec sleep 1000",
    "exec >&- 2>&-; exec sleep 1000",
    "yes",
    "cat $1/good; exec sleep 1000",
  };

  for (size_t i = 0; i < sizeof (scripts) / sizeof (scripts[0]); i++)
    expect_error (run_with (scripts[i], 1, &error), ETIMEDOUT, "did not answer in time");
}

Test (ca_command, has_to_be_there)
{
  const char *arguments[] = { "/nonexistent/command", NULL };

  expect_error (vtpm_ca_command_run (arguments, &request, issuer, SECONDS, certificate, &size,
                                     &error),
                ECHILD, "/nonexistent/command: exit status 127: cannot execute: No such file");
}

Test (ca_command, is_of_the_issuer)
{
  X509 *own = issuer;
  struct vtpm_ca *ca = NULL;
  struct vtpm_ca_place place = { .dir = temp_path ("second") };

  cr_assert_eq (mkdir (place.dir, 0700), 0);
  assert_success (vtpm_ca_create (&place, VTPM_CA_KEY_ECC_P384, "test", time (NULL), &error));
  assert_success (vtpm_ca_open (&place, &ca, &error));
  issuer = vtpm_ca_issuer (ca);
  expect_error (run ("cat $1/good", &error), EBADMSG, "the certificate is not signed by the issuer");
  issuer = own;
  vtpm_ca_close (ca);
}
