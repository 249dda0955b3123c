/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_crl.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "openssl_cleanup.h"

static inline void
cleanup_time (ASN1_TIME **time)
{
  ASN1_TIME_free (*time);
}

static inline void
cleanup_integer (ASN1_INTEGER **integer)
{
  ASN1_INTEGER_free (*integer);
}

static inline void
cleanup_revoked (X509_REVOKED **revoked)
{
  X509_REVOKED_free (*revoked);
}

#define _cleanup_time_ VTPM_CLEANUP (cleanup_time)
#define _cleanup_integer_ VTPM_CLEANUP (cleanup_integer)
#define _cleanup_revoked_ VTPM_CLEANUP (cleanup_revoked)

static int
set_serial (X509_REVOKED *revoked, const char *text)
{
  BIGNUM *parsed = NULL;
  int digits = BN_hex2bn (&parsed, text);
  _cleanup_bignum_ BIGNUM *number = parsed;
  _cleanup_integer_ ASN1_INTEGER *serial
      = digits == (int) strlen (text) ? BN_to_ASN1_INTEGER (number, NULL) : NULL;

  return serial != NULL && X509_REVOKED_set_serialNumber (revoked, serial) == 1 ? 0 : -1;
}

static int
add (X509_CRL *list, const struct vtpm_ca_entry *entry)
{
  _cleanup_time_ ASN1_TIME *when = ASN1_TIME_new ();
  _cleanup_revoked_ X509_REVOKED *revoked = X509_REVOKED_new ();

  if (when == NULL || revoked == NULL || ASN1_TIME_set_string (when, entry->revoked_at) != 1
      || X509_REVOKED_set_revocationDate (revoked, when) != 1
      || set_serial (revoked, entry->serial) < 0 || X509_CRL_add0_revoked (list, revoked) != 1)
    return -1;
  revoked = NULL;
  return 0;
}

static int
set_times (X509_CRL *list, time_t now, unsigned int days)
{
  _cleanup_time_ ASN1_TIME *from = ASN1_TIME_set (NULL, now);
  _cleanup_time_ ASN1_TIME *next = ASN1_TIME_adj (NULL, now, (int) days, 0);

  return from != NULL && next != NULL && X509_CRL_set1_lastUpdate (list, from) == 1
                 && X509_CRL_set1_nextUpdate (list, next) == 1
             ? 0
             : -1;
}

static int
add_extensions (X509_CRL *list, uint64_t number, X509 *issuer)
{
  _cleanup_integer_ ASN1_INTEGER *value = ASN1_INTEGER_new ();
  X509_EXTENSION *extension;
  X509V3_CTX context;
  int result;

  if (value == NULL || ASN1_INTEGER_set_uint64 (value, number) != 1
      || X509_CRL_add1_ext_i2d (list, NID_crl_number, value, 0, 0) != 1)
    return -1;
  X509V3_set_ctx (&context, issuer, NULL, NULL, list, 0);
  extension = X509V3_EXT_conf_nid (NULL, &context, NID_authority_key_identifier, "keyid:always");
  result = extension == NULL ? 0 : X509_CRL_add_ext (list, extension, -1);
  X509_EXTENSION_free (extension);
  return result == 1 ? 0 : -1;
}

int
vtpm_ca_crl_make (const struct vtpm_ca_index *index, uint64_t number,
                  const struct vtpm_certificate_issuer *issuer, time_t now, unsigned int days,
                  X509_CRL **list, struct vtpm_error **error)
{
  _cleanup_crl_ X509_CRL *made = X509_CRL_new ();

  /* 1 is version 2.  */
  if (made == NULL || X509_CRL_set_version (made, 1) != 1
      || X509_CRL_set_issuer_name (made, X509_get_subject_name (issuer->certificate)) != 1
      || set_times (made, now, days) < 0 || add_extensions (made, number, issuer->certificate) < 0)
    return vtpm_error_set_plain (error, EIO, "cannot make a revocation list");
  for (size_t i = 0; i < index->count; i++)
    if (index->entries[i].revoked && add (made, &index->entries[i]) < 0)
      return vtpm_error_set_plain (error, EBADMSG, "cannot list serial number %s as revoked",
                                   index->entries[i].serial);
  X509_CRL_sort (made);
  if (X509_CRL_sign (made, issuer->key, EVP_sha384 ()) == 0)
    return vtpm_error_set_plain (error, EIO, "cannot sign the revocation list");
  *list = vtpm_steal_pointer (&made);
  return 0;
}
