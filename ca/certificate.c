/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "binding.h"
#include "certificate_extensions.h"
#include "libcrypto.h"
#include "openssl_cleanup.h"

#define SECONDS_PER_DAY 86400

static int
fail (const char *what, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EINVAL, "the certificate's %s cannot be set", what);
}

static int
set_key (X509 *certificate, const struct vtpm_certificate_request *request,
         struct vtpm_error **error)
{
  const unsigned char *next = request->key;
  _cleanup_pkey_ EVP_PKEY *key = d2i_PUBKEY (NULL, &next, (long) request->key_size);

  if (key == NULL || next != request->key + request->key_size)
    return vtpm_error_set_plain (error, EINVAL, "%zu bytes that are no public key",
                                 request->key_size);
  return X509_set_pubkey (certificate, key) == 1 ? 0 : fail ("public key", error);
}

static int
set_serial (X509 *certificate, const uint8_t serial[VTPM_SERIAL_SIZE], struct vtpm_error **error)
{
  _cleanup_bignum_ BIGNUM *number = BN_bin2bn (serial, VTPM_SERIAL_SIZE, NULL);
  bool good = number != NULL && serial[0] > 0 && serial[0] < 0x80
              && BN_to_ASN1_INTEGER (number, X509_get_serialNumber (certificate)) != NULL;

  return good ? 0 : fail ("serial number", error);
}

/* RFC 5280, 4.1.2.5: this end means none.  */
static int
set_validity (X509 *certificate, unsigned int days, time_t now, struct vtpm_error **error)
{
  ASN1_TIME *end = X509_getm_notAfter (certificate);
  bool good = ASN1_TIME_set (X509_getm_notBefore (certificate), now) != NULL
              && (days == 0 ? ASN1_TIME_set_string (end, "99991231235959Z") == 1
                            : ASN1_TIME_adj (end, now, (int) days, 0) != NULL);

  return good ? 0 : fail ("validity", error);
}

/* X.520's upper bound of a common name is 64 characters; libcrypto holds to it.  */
static int
set_subject (X509 *certificate, const struct vtpm_certificate_request *request,
             const struct vtpm_certificate_policy *policy, struct vtpm_error **error)
{
  _cleanup_free_ char *text = NULL;

  if (policy->subject == NULL)
    return 0;
  if (vtpm_binding_expand (policy->subject, &request->binding, &text, error) < 0)
    return -1;
  if (X509_NAME_add_entry_by_NID (X509_get_subject_name (certificate), NID_commonName,
                                  MBSTRING_UTF8, (unsigned char *) text, -1, -1, 0)
      != 1)
    return vtpm_error_set_plain (error, EINVAL, "\"%s\" is no common name of 1 to 64 characters",
                                 text);
  return 0;
}

/* Of ECDSA the curve decides, of RSA the habit.  */
static const EVP_MD *
get_digest (const EVP_PKEY *key)
{
  return EVP_PKEY_get_base_id (key) == EVP_PKEY_EC && EVP_PKEY_get_bits (key) >= 384
             ? EVP_sha384 ()
             : EVP_sha256 ();
}

static int
sign (X509 *certificate, EVP_PKEY *key, struct vtpm_error **error)
{
  int size;

  if (X509_sign (certificate, key, get_digest (key)) == 0)
    return vtpm_error_set_plain (error, EIO, "the certificate cannot be signed");
  size = i2d_X509 (certificate, NULL);
  if (size > VTPM_CERTIFICATE_MAX)
    return vtpm_error_set_plain (error, EFBIG, "the certificate would have %d bytes, not at most %d",
                                 size, VTPM_CERTIFICATE_MAX);
  return 0;
}

int
vtpm_certificate_make (const struct vtpm_certificate_request *request,
                       const struct vtpm_certificate_policy *policy,
                       const struct vtpm_certificate_issuer *issuer,
                       const uint8_t serial[VTPM_SERIAL_SIZE], time_t now, X509 **certificate,
                       struct vtpm_error **error)
{
  _cleanup_x509_ X509 *made = NULL;

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  made = X509_new ();
  if (made == NULL || X509_set_version (made, X509_VERSION_3) != 1
      || X509_set_issuer_name (made, X509_get_subject_name (issuer->certificate)) != 1)
    return vtpm_error_set (error, ENOMEM, "cannot make a certificate");
  if (set_key (made, request, error) < 0 || set_serial (made, serial, error) < 0
      || set_validity (made, policy->validity_days, now, error) < 0
      || set_subject (made, request, policy, error) < 0
      || vtpm_certificate_add_extensions (made, request, policy, issuer->certificate, error) < 0
      || sign (made, issuer->key, error) < 0)
    return -1;
  *certificate = vtpm_steal_pointer (&made);
  return 0;
}

static int
refuse (const char *why, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EBADMSG, "the certificate %s", why);
}

static bool
has_key (const X509 *certificate, const struct vtpm_certificate_request *request)
{
  unsigned char *der = NULL;
  int size = i2d_X509_PUBKEY (X509_get_X509_PUBKEY (certificate), &der);
  bool same = size >= 0 && (size_t) size == request->key_size
              && memcmp (der, request->key, request->key_size) == 0;

  OPENSSL_free (der);
  return same;
}

static bool
has_usage (X509 *certificate)
{
  EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i (certificate, NID_ext_key_usage, NULL, NULL);
  ASN1_OBJECT *wanted = OBJ_txt2obj (VTPM_EKU_EK, 1);
  bool found = false;

  for (int i = 0; i < sk_ASN1_OBJECT_num (usages) && !found; i++)
    found = OBJ_cmp (sk_ASN1_OBJECT_value (usages, i), wanted) == 0;
  ASN1_OBJECT_free (wanted);
  sk_ASN1_OBJECT_pop_free (usages, ASN1_OBJECT_free);
  return found;
}

int
vtpm_certificate_check (const uint8_t *der, size_t size,
                        const struct vtpm_certificate_request *request, X509 *issuer, time_t now,
                        struct vtpm_error **error)
{
  const unsigned char *next = der;
  _cleanup_x509_ X509 *certificate = NULL;

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  if (size > VTPM_CERTIFICATE_MAX)
    return vtpm_error_set_plain (error, EBADMSG, "the certificate has %zu bytes, not at most %d",
                                 size, VTPM_CERTIFICATE_MAX);
  certificate = d2i_X509 (NULL, &next, (long) size);
  if (certificate == NULL || next != der + size)
    return refuse ("is not one X.509 certificate in DER", error);
  if (!has_key (certificate, request))
    return refuse ("is for another key", error);
  if (!has_usage (certificate))
    return refuse ("is not for an endorsement key (extended key usage " VTPM_EKU_EK ")", error);
  if (X509_check_ca (certificate) != 0)
    return refuse ("is that of a certificate authority", error);
  if (X509_cmp_time (X509_get0_notBefore (certificate), &now) >= 0)
    return refuse ("is not valid yet", error);
  if (X509_cmp_time (X509_get0_notAfter (certificate), &now) <= 0)
    return refuse ("has expired", error);
  if (X509_NAME_cmp (X509_get_issuer_name (certificate), X509_get_subject_name (issuer)) != 0
      || X509_verify (certificate, X509_get0_pubkey (issuer)) != 1)
    return refuse ("is not signed by the issuer", error);
  return 0;
}
