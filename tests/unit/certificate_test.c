/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "expect_error.h"

#define NOW ((time_t) 1790000000)
#define DAY ((time_t) 86400)

#define ALTERNATIVE_NAME                                                                           \
  "X509v3 Subject Alternative Name: critical\n                DirName:/2.23.133.2.1=id:49424D00"    \
  "/2.23.133.2.2=libtpms/2.23.133.2.3=id:20191023\n"

static const uint8_t serial[VTPM_SERIAL_SIZE] = { 1, 2, 3 };
static const struct vtpm_certificate_policy plain = { .validity_days = 10 };

/* A request for a new key, and an issuer.  */
struct scene
{
  struct vtpm_certificate_request request;
  struct vtpm_certificate_issuer issuer;
  unsigned char *key;
};

static X509 *
make_issuer_certificate (EVP_PKEY *key)
{
  X509 *made = X509_new ();

  X509_set_version (made, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (made), 1);
  ASN1_TIME_set (X509_getm_notBefore (made), NOW - DAY);
  ASN1_TIME_set (X509_getm_notAfter (made), NOW + 100 * DAY);
  X509_set_pubkey (made, key);
  X509_NAME_add_entry_by_txt (X509_get_subject_name (made), "CN", MBSTRING_UTF8,
                              (const unsigned char *) "issuer", -1, -1, 0);
  X509_set_issuer_name (made, X509_get_subject_name (made));
  X509V3_CTX context;
  X509V3_set_ctx (&context, made, made, NULL, NULL, 0);
  X509_EXTENSION *extension
      = X509V3_EXT_conf_nid (NULL, &context, NID_subject_key_identifier, "hash");
  X509_add_ext (made, extension, -1);
  X509_EXTENSION_free (extension);
  cr_assert_gt (X509_sign (made, key, EVP_sha384 ()), 0);
  return made;
}

static struct scene
set_scene (EVP_PKEY *key)
{
  struct scene scene = {
    .request = { .version = VTPM_TPM_2_0, .manufacturer = 0x49424d00,
                 .firmware_version = 0x20191023, .revision = 164 },
  };

  cr_assert_not_null (key);
  scene.request.key_size = (size_t) i2d_PUBKEY (key, &scene.key);
  scene.request.key = scene.key;
  EVP_PKEY_free (key);
  scene.issuer.key = EVP_EC_gen ("P-384");
  scene.issuer.certificate = make_issuer_certificate (scene.issuer.key);
  return scene;
}

static void
clear_scene (struct scene *scene)
{
  OPENSSL_free (scene->key);
  EVP_PKEY_free (scene->issuer.key);
  X509_free (scene->issuer.certificate);
}

static X509 *
make (const struct scene *scene, const struct vtpm_certificate_policy *policy)
{
  X509 *certificate = NULL;

  assert_success (vtpm_certificate_make (&scene->request, policy, &scene->issuer, serial, NOW,
                                         &certificate, &error));
  return certificate;
}

/* As `openssl x509 -text` shows it.  */
static const char *
show (X509 *certificate)
{
  static char text[8192];
  BIO *memory = BIO_new (BIO_s_mem ());
  int size;

  X509_print (memory, certificate);
  size = BIO_read (memory, text, sizeof (text) - 1);
  text[size > 0 ? size : 0] = '\0';
  BIO_free (memory);
  return text;
}

static void
expect_lines (X509 *certificate, const char *const *lines, size_t count)
{
  const char *text = show (certificate);

  for (size_t i = 0; i < count; i++)
    cr_expect_not_null (strstr (text, lines[i]), "no \"%s\" in\n%s", lines[i], text);
}

Test (certificate, is_as_the_profile_wants)
{
  static const char *const lines[] = {
    "Version: 3 (0x2)",
    "01:02:03:00",
    "Issuer: CN=issuer",
    "Subject: \n",
    "X509v3 Extended Key Usage: \n                2.23.133.8.1\n",
    ALTERNATIVE_NAME,
    "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
    "X509v3 Subject Directory Attributes: \n",
    "X509v3 Authority Key Identifier: \n",
    "X509v3 Subject Key Identifier: \n",
    "X509v3 Key Usage: critical\n                Key Agreement\n",
  };
  struct scene scene = set_scene (EVP_EC_gen ("P-256"));
  X509 *certificate = make (&scene, &plain);
  const char *text;

  expect_lines (certificate, lines, sizeof (lines) / sizeof (lines[0]));
  text = show (certificate);
  cr_expect_null (strstr (text, "CRL"));
  cr_expect_null (strstr (text, "Information Access"));
  X509_free (certificate);
  clear_scene (&scene);
}

Test (certificate, of_an_rsa_key_is_for_encryption)
{
  static const char *const lines[]
      = { "X509v3 Key Usage: critical\n                Key Encipherment\n" };
  struct scene scene = set_scene (EVP_RSA_gen (2048));
  X509 *certificate = make (&scene, &plain);

  expect_lines (certificate, lines, 1);
  X509_free (certificate);
  clear_scene (&scene);
}

/* The bytes that swtpm's has for the same TPM.  */
Test (certificate, tells_the_specification)
{
  static const uint8_t expected[] = {
    0x30, 0x19, 0x30, 0x17, 0x06, 0x05, 0x67, 0x81, 0x05, 0x02, 0x10, 0x31, 0x0e, 0x30,
    0x0c, 0x0c, 0x03, 0x32, 0x2e, 0x30, 0x02, 0x01, 0x00, 0x02, 0x02, 0x00, 0xa4,
  };
  struct scene scene = set_scene (EVP_EC_gen ("P-384"));
  X509 *certificate = make (&scene, &plain);
  int place = X509_get_ext_by_NID (certificate, NID_subject_directory_attributes, -1);
  const ASN1_OCTET_STRING *value;

  cr_assert_geq (place, 0);
  value = X509_EXTENSION_get_data (X509_get_ext (certificate, place));
  cr_assert_eq (ASN1_STRING_length (value), (int) sizeof (expected));
  cr_expect_arr_eq (ASN1_STRING_get0_data (value), expected, sizeof (expected));
  X509_free (certificate);
  clear_scene (&scene);
}

Test (certificate, says_what_is_configured)
{
  static const struct vtpm_certificate_policy policy = {
    .subject = "{namespace}/{pod}",
    .uri = "spiffe://example.org/ns/{namespace}/pod/{pod}",
    .issuer_url = "http://ca.example.org/issuer.der",
    .ocsp_url = "http://ocsp.example.org/",
    .crl_url = "http://ca.example.org/crl.der",
  };
  static const char *const lines[] = {
    "Subject: CN=default\\/web-0\n",
    ", URI:spiffe://example.org/ns/default/pod/web-0\n",
    "CA Issuers - URI:http://ca.example.org/issuer.der\n",
    "OCSP - URI:http://ocsp.example.org/\n",
    "URI:http://ca.example.org/crl.der\n",
    "Not After : Dec 31 23:59:59 9999 GMT",
  };
  struct scene scene = set_scene (EVP_EC_gen ("P-256"));
  X509 *certificate;

  scene.request.binding
      = (struct vtpm_certificate_binding) { .namespace = "default", .pod = "web-0" };
  certificate = make (&scene, &policy);
  expect_lines (certificate, lines, sizeof (lines) / sizeof (lines[0]));
  X509_free (certificate);
  clear_scene (&scene);
}

static void
expect_none (const struct scene *scene, const struct vtpm_certificate_policy *policy,
             const uint8_t *number, int errnum, const char *message)
{
  X509 *certificate = NULL;

  expect_error (vtpm_certificate_make (&scene->request, policy, &scene->issuer, number, NOW,
                                       &certificate, &error),
                errnum, message);
  cr_expect_null (certificate);
}

Test (certificate, is_not_made_of_what_is_wrong)
{
  static const uint8_t zero[VTPM_SERIAL_SIZE] = { 0, 1 }, negative[VTPM_SERIAL_SIZE] = { 0x80 };
  char long_name[66] = "", url[1100] = "";
  struct vtpm_certificate_policy policy = plain;
  struct scene scene = set_scene (EVP_EC_gen ("P-256"));

  memset (long_name, 'x', sizeof (long_name) - 1);
  memset (url, 'x', sizeof (url) - 1);
  expect_none (&scene, &plain, zero, EINVAL, "serial number");
  expect_none (&scene, &plain, negative, EINVAL, "serial number");
  policy.subject = long_name;
  expect_none (&scene, &policy, serial, EINVAL, "is no common name of 1 to 64 characters");
  policy.subject = "{pod}";
  expect_none (&scene, &policy, serial, ENOENT, "this TPM has no {pod}");
  policy = (struct vtpm_certificate_policy) { .uri = "{host}" };
  expect_none (&scene, &policy, serial, ENOENT, "this TPM has no {host}");
  policy = (struct vtpm_certificate_policy) { .crl_url = url, .issuer_url = url };
  expect_none (&scene, &policy, serial, EFBIG, "not at most 2048");
  scene.request.key_size--;
  expect_none (&scene, &plain, serial, EINVAL, "bytes that are no public key");
  clear_scene (&scene);
}

static void
expect_checked (const struct scene *scene, X509 *certificate, time_t now, const char *message)
{
  unsigned char *der = NULL;
  int size = i2d_X509 (certificate, &der);

  if (message == NULL)
    assert_success (vtpm_certificate_check (der, (size_t) size, &scene->request,
                                            scene->issuer.certificate, now, &error));
  else
    expect_error (vtpm_certificate_check (der, (size_t) size, &scene->request,
                                          scene->issuer.certificate, now, &error),
                  EBADMSG, message);
  OPENSSL_free (der);
}

Test (certificate, passes_our_check_while_it_is_valid)
{
  struct scene scene = set_scene (EVP_EC_gen ("P-521"));
  X509 *certificate = make (&scene, &plain);

  expect_checked (&scene, certificate, NOW + 1, NULL);
  expect_checked (&scene, certificate, NOW + 9 * DAY, NULL);
  expect_checked (&scene, certificate, NOW - 1, "is not valid yet");
  expect_checked (&scene, certificate, NOW + 11 * DAY, "has expired");
  X509_free (certificate);
  clear_scene (&scene);
}

Test (certificate, of_a_liar_is_refused)
{
  struct scene scene = set_scene (EVP_EC_gen ("P-256"));
  struct scene other = set_scene (EVP_EC_gen ("P-256"));
  X509 *certificate = make (&other, &plain);

  expect_checked (&scene, certificate, NOW + 1, "is for another key");
  X509_free (certificate);
  other.request = scene.request;
  certificate = make (&other, &plain);
  expect_checked (&scene, certificate, NOW + 1, "is not signed by the issuer");
  expect_checked (&scene, scene.issuer.certificate, NOW + 1, "is for another key");
  X509_free (certificate);
  certificate = make (&scene, &plain);
  X509_EXTENSION_free (X509_delete_ext (
      certificate, X509_get_ext_by_NID (certificate, NID_ext_key_usage, -1)));
  X509_sign (certificate, scene.issuer.key, EVP_sha384 ());
  expect_checked (&scene, certificate, NOW + 1, "is not for an endorsement key");
  X509_free (certificate);
  clear_scene (&scene);
  clear_scene (&other);
}

Test (certificate, is_one_and_nothing_more)
{
  struct scene scene = set_scene (EVP_EC_gen ("P-256"));
  X509 *certificate = make (&scene, &plain);
  uint8_t der[VTPM_CERTIFICATE_MAX + 1] = { 0 };
  unsigned char *next = der;
  size_t size = (size_t) i2d_X509 (certificate, &next);
  static const size_t sizes[] = { 0, 1, 100 };

  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    expect_error (vtpm_certificate_check (der, sizes[i], &scene.request, scene.issuer.certificate,
                                          NOW + 1, &error),
                  EBADMSG, "is not one X.509 certificate in DER");
  expect_error (vtpm_certificate_check (der, size + 1, &scene.request, scene.issuer.certificate,
                                        NOW + 1, &error),
                EBADMSG, "is not one X.509 certificate in DER");
  expect_error (vtpm_certificate_check (der, sizeof (der), &scene.request,
                                        scene.issuer.certificate, NOW + 1, &error),
                EBADMSG, "has 2049 bytes, not at most 2048");
  X509_free (certificate);
  clear_scene (&scene);
}
