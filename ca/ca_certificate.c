/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_certificate.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "openssl_cleanup.h"

#define ISSUER_DAYS (10 * 365 + 3)

static int
add (X509 *certificate, X509 *issuer, int nid, const char *value)
{
  X509V3_CTX context;
  X509_EXTENSION *extension;
  int result;

  X509V3_set_ctx (&context, issuer, certificate, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
  if (extension == NULL)
    return -1;
  result = X509_add_ext (certificate, extension, -1);
  X509_EXTENSION_free (extension);
  return result == 1 ? 0 : -1;
}

static int
set_serial (X509 *certificate)
{
  uint8_t bytes[VTPM_SERIAL_SIZE];
  BIGNUM *number;
  int result;

  if (RAND_bytes (bytes, sizeof (bytes)) != 1)
    return -1;
  bytes[0] = (uint8_t) ((bytes[0] & 0x3f) | 0x40);
  number = BN_bin2bn (bytes, sizeof (bytes), NULL);
  result = number != NULL && BN_to_ASN1_INTEGER (number, X509_get_serialNumber (certificate)) != NULL
               ? 0
               : -1;
  BN_free (number);
  return result;
}

static int
set_fields (X509 *certificate, EVP_PKEY *key, const char *name, const X509 *issuer, time_t now)
{
  X509_NAME *subject = X509_get_subject_name (certificate);
  ASN1_TIME *end = X509_getm_notAfter (certificate);

  if (X509_set_version (certificate, X509_VERSION_3) != 1 || set_serial (certificate) < 0
      || X509_set_pubkey (certificate, key) != 1
      || ASN1_TIME_set (X509_getm_notBefore (certificate), now) == NULL
      || X509_NAME_add_entry_by_NID (subject, NID_commonName, MBSTRING_UTF8,
                                     (const unsigned char *) name, -1, -1, 0)
             != 1)
    return -1;
  if (issuer == NULL)
    return ASN1_TIME_set_string (end, "99991231235959Z") == 1
                   && X509_set_issuer_name (certificate, subject) == 1
               ? 0
               : -1;
  return ASN1_TIME_adj (end, now, ISSUER_DAYS, 0) != NULL
                 && X509_set_issuer_name (certificate, X509_get_subject_name (issuer)) == 1
             ? 0
             : -1;
}

static int
add_extensions (X509 *certificate, X509 *issuer)
{
  if (add (certificate, issuer, NID_basic_constraints,
           issuer == certificate ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0")
          < 0
      || add (certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") < 0
      || add (certificate, issuer, NID_subject_key_identifier, "hash") < 0)
    return -1;
  return issuer == certificate
             ? 0
             : add (certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

int
vtpm_ca_certificate_make (EVP_PKEY *key, const char *name,
                          const struct vtpm_certificate_issuer *issuer, time_t now,
                          X509 **certificate, struct vtpm_error **error)
{
  _cleanup_x509_ X509 *made = X509_new ();
  EVP_PKEY *signer = issuer != NULL ? issuer->key : key;

  if (made == NULL
      || set_fields (made, key, name, issuer != NULL ? issuer->certificate : NULL, now) < 0)
    return vtpm_error_set_plain (error, EINVAL, "cannot make a certificate for \"%s\"", name);
  if (add_extensions (made, issuer != NULL ? issuer->certificate : made) < 0
      || X509_sign (made, signer, EVP_sha384 ()) == 0)
    return vtpm_error_set_plain (error, EIO, "cannot sign the certificate for \"%s\"", name);
  *certificate = vtpm_steal_pointer (&made);
  return 0;
}
