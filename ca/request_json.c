/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "request_json.h"

#include <openssl/pem.h>
#include <stdio.h>

#include "certificate_extensions.h"
#include "json.h"
#include "openssl_cleanup.h"

static void
add_text (json_object *object, const char *key, const char *text)
{
  if (text != NULL)
    json_object_object_add (object, key, json_object_new_string (text));
}

static int
add_key (json_object *object, const struct vtpm_certificate_request *request,
         struct vtpm_error **error)
{
  const unsigned char *next = request->key;
  _cleanup_pkey_ EVP_PKEY *key = d2i_PUBKEY (NULL, &next, (long) request->key_size);
  _cleanup_bio_ BIO *memory = BIO_new (BIO_s_mem ());
  char *text;
  long size;

  if (key == NULL || memory == NULL || PEM_write_bio_PUBKEY (memory, key) != 1)
    return vtpm_error_set_plain (error, EINVAL, "%zu bytes that are no public key",
                                 request->key_size);
  size = BIO_get_mem_data (memory, &text);
  json_object_object_add (object, "publicKey", json_object_new_string_len (text, (int) size));
  return 0;
}

static json_object *
describe_tpm (const struct vtpm_certificate_request *request)
{
  json_object *tpm = json_object_new_object ();
  char id[VTPM_TPM_ID_SIZE];

  add_text (tpm, "family", vtpm_tpm_version_name (request->version));
  json_object_object_add (tpm, "level", json_object_new_int64 (request->level));
  json_object_object_add (tpm, "revision", json_object_new_int64 (request->revision));
  add_text (tpm, "manufacturer", vtpm_certificate_tpm_id (request->manufacturer, id));
  add_text (tpm, "model", VTPM_TPM_MODEL);
  add_text (tpm, "version", vtpm_certificate_tpm_id (request->firmware_version, id));
  return tpm;
}

int
vtpm_request_to_json (const struct vtpm_certificate_request *request, json_object **json,
                      struct vtpm_error **error)
{
  _cleanup_json_ json_object *made = json_object_new_object ();

  if (add_key (made, request, error) < 0)
    return -1;
  add_text (made, "purpose", "EK");
  json_object_object_add (made, "tpm", describe_tpm (request));
  add_text (made, "uuid", request->binding.uuid);
  add_text (made, "container", request->binding.container);
  add_text (made, "namespace", request->binding.namespace);
  add_text (made, "pod", request->binding.pod);
  add_text (made, "host", request->binding.host);
  *json = vtpm_steal_pointer (&made);
  return 0;
}
