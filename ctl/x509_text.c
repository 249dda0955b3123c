/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "x509_text.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "openssl_cleanup.h"

/* What is in MEMORY, as a string.  */
static char *
take_text (BIO *memory)
{
  char *data;
  long size = BIO_get_mem_data (memory, &data);

  return size >= 0 ? strndup (data, (size_t) size) : NULL;
}

char *
vtpm_x509_name (const X509_NAME *name, char buffer[VTPM_X509_NAME_SIZE])
{
  _cleanup_bio_ BIO *memory = BIO_new (BIO_s_mem ());
  _cleanup_free_ char *text = NULL;

  if (memory != NULL && X509_NAME_print_ex (memory, name, 0, XN_FLAG_RFC2253) >= 0)
    text = take_text (memory);
  snprintf (buffer, VTPM_X509_NAME_SIZE, "%s", text != NULL && text[0] != '\0' ? text : "-");
  return buffer;
}

char *
vtpm_x509_time (const ASN1_TIME *when, char buffer[VTPM_X509_TIME_SIZE])
{
  struct tm utc;
  size_t size = 0;

  if (ASN1_TIME_to_tm (when, &utc) == 1 && utc.tm_year + 1900 < 9999)
    size = strftime (buffer, VTPM_X509_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
  if (size == 0)
    strcpy (buffer, "never");
  return buffer;
}

char *
vtpm_x509_serial (X509 *certificate, char buffer[VTPM_X509_SERIAL_SIZE])
{
  const ASN1_INTEGER *serial = X509_get0_serialNumber (certificate);
  const unsigned char *bytes = ASN1_STRING_get0_data (serial);
  size_t used = 0;

  buffer[0] = '\0';
  for (int i = 0; i < ASN1_STRING_length (serial) && used + 3 <= VTPM_X509_SERIAL_SIZE; i++)
    used += (size_t) snprintf (buffer + used, VTPM_X509_SERIAL_SIZE - used, "%02X", bytes[i]);
  return buffer;
}

char *
vtpm_x509_pem (X509 *certificate)
{
  _cleanup_bio_ BIO *memory = BIO_new (BIO_s_mem ());

  return memory != NULL && PEM_write_bio_X509 (memory, certificate) == 1 ? take_text (memory)
                                                                         : NULL;
}

char *
vtpm_x509_key_pem (X509 *certificate)
{
  _cleanup_bio_ BIO *memory = BIO_new (BIO_s_mem ());
  EVP_PKEY *key = X509_get0_pubkey (certificate);

  return memory != NULL && key != NULL && PEM_write_bio_PUBKEY (memory, key) == 1
             ? take_text (memory)
             : NULL;
}

static void
add_text (json_object *object, const char *key, const char *text)
{
  json_object_object_add (object, key, text != NULL ? json_object_new_string (text) : NULL);
}

json_object *
vtpm_x509_describe (X509 *certificate)
{
  json_object *description = json_object_new_object ();
  _cleanup_free_ char *pem = vtpm_x509_pem (certificate);
  _cleanup_free_ char *key = vtpm_x509_key_pem (certificate);
  char name[VTPM_X509_NAME_SIZE], when[VTPM_X509_TIME_SIZE], serial[VTPM_X509_SERIAL_SIZE];

  add_text (description, "subject", vtpm_x509_name (X509_get_subject_name (certificate), name));
  add_text (description, "issuer", vtpm_x509_name (X509_get_issuer_name (certificate), name));
  add_text (description, "serial", vtpm_x509_serial (certificate, serial));
  add_text (description, "notBefore", vtpm_x509_time (X509_get0_notBefore (certificate), when));
  add_text (description, "notAfter", vtpm_x509_time (X509_get0_notAfter (certificate), when));
  add_text (description, "certificate", pem);
  add_text (description, "publicKey", key);
  return description;
}
