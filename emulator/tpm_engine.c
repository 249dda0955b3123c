/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_engine.h"

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>
#include <libtpms/tpm_nvfilename.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

#include "tpm_header.h"

/* The largest command that we send ourselves.  */
#define OWN_COMMAND_MAX (VTPM_TPM_HEADER_SIZE + 2)

struct blob
{
  uint8_t *data; /* NULL: libtpms has stored none, or deleted it */
  uint32_t size;
};

/* What libtpms asks its callbacks to keep.  A state store or a journal takes
   this struct's place behind the same callbacks.  */
struct kept_state
{
  struct blob permanent;
  struct blob volatile_state;
  struct blob saved;
};

struct vtpm_engine
{
  enum vtpm_tpm_version version;
  uint8_t locality;
  bool powered; /* TPMLIB_MainInit was called: TPMLIB_Terminate is due */
  struct kept_state kept;
  unsigned char *response; /* libtpms makes and grows it */
  uint32_t response_capacity;
};

/* libtpms' callbacks carry no context: the one engine of this process.  */
static struct vtpm_engine *the_engine;

static struct blob *
find_blob (struct kept_state *kept, const char *name)
{
  if (strcmp (name, TPM_PERMANENT_ALL_NAME) == 0)
    return &kept->permanent;
  if (strcmp (name, TPM_VOLATILESTATE_NAME) == 0)
    return &kept->volatile_state;
  if (strcmp (name, TPM_SAVESTATE_NAME) == 0)
    return &kept->saved;
  return NULL;
}

/* Seeds, owner authorisations and keys are in it.  */
static void
wipe_blob (struct blob *blob)
{
  if (blob->data != NULL)
    explicit_bzero (blob->data, blob->size);
  free (blob->data);
  *blob = (struct blob) { 0 };
}

static TPM_RESULT
nvram_init (void)
{
  return TPM_SUCCESS;
}

/* libtpms frees *DATA.  TPM_RETRY is its way to say "there is none".  */
static TPM_RESULT
nvram_load (unsigned char **data, uint32_t *length, uint32_t tpm_number, const char *name)
{
  const struct blob *blob = find_blob (&the_engine->kept, name);

  (void) tpm_number;
  if (blob == NULL || blob->data == NULL)
    return TPM_RETRY;
  if (TPM_Malloc (data, blob->size) != TPM_SUCCESS)
    return TPM_FAIL;
  memcpy (*data, blob->data, blob->size);
  *length = blob->size;
  return TPM_SUCCESS;
}

static TPM_RESULT
nvram_store (const unsigned char *data, uint32_t length, uint32_t tpm_number, const char *name)
{
  struct blob *blob = find_blob (&the_engine->kept, name);
  uint8_t *copy;

  (void) tpm_number;
  if (blob == NULL)
    return TPM_FAIL;
  copy = malloc (length);
  if (copy == NULL)
    return TPM_FAIL;
  memcpy (copy, data, length);
  wipe_blob (blob);
  *blob = (struct blob) { .data = copy, .size = length };
  return TPM_SUCCESS;
}

static TPM_RESULT
nvram_delete (uint32_t tpm_number, const char *name, TPM_BOOL must_exist)
{
  struct blob *blob = find_blob (&the_engine->kept, name);

  (void) tpm_number;
  if (blob == NULL || (must_exist && blob->data == NULL))
    return TPM_FAIL;
  wipe_blob (blob);
  return TPM_SUCCESS;
}

static TPM_RESULT
io_init (void)
{
  return TPM_SUCCESS;
}

static TPM_RESULT
io_get_locality (TPM_MODIFIER_INDICATOR *locality, uint32_t tpm_number)
{
  (void) tpm_number;
  *locality = the_engine->locality;
  return TPM_SUCCESS;
}

/* A container has no jumper to set and nobody who presses a key.  */
static TPM_RESULT
io_get_physical_presence (TPM_BOOL *present, uint32_t tpm_number)
{
  (void) tpm_number;
  *present = FALSE;
  return TPM_SUCCESS;
}

static struct libtpms_callbacks callbacks = {
  .sizeOfStruct = sizeof (callbacks),
  .tpm_nvram_init = nvram_init,
  .tpm_nvram_loaddata = nvram_load,
  .tpm_nvram_storedata = nvram_store,
  .tpm_nvram_deletename = nvram_delete,
  .tpm_io_init = io_init,
  .tpm_io_getlocality = io_get_locality,
  .tpm_io_getphysicalpresence = io_get_physical_presence,
};

/* libcrypto reads openssl.cnf on first use unless told otherwise; nothing that
   a TPM computes may depend on it, and the file is out of reach later.  Nobody
   reads libcrypto's error texts here, and they would take 56 KB.  */
static int
prepare_libcrypto (struct vtpm_error **error)
{
  if (OPENSSL_init_crypto (OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL)
      != 1)
    return vtpm_error_set (error, 0, "cannot initialise libcrypto");
  return 0;
}

static int
power_on (struct vtpm_engine *engine, struct vtpm_error **error)
{
  TPM_RESULT result;

  /* Nothing of libtpms' debug output is wanted: when a TPM enters failure mode
     it prints the whole command, which may hold a secret.  At level 0 that goes
     to stderr all the same, which the emulator has closed.  */
  TPMLIB_SetDebugFD (-1);
  TPMLIB_SetDebugLevel (0);
  result = TPMLIB_ChooseTPMVersion (engine->version == VTPM_TPM_1_2 ? TPMLIB_TPM_VERSION_1_2
                                                                    : TPMLIB_TPM_VERSION_2);
  if (result == TPM_SUCCESS)
    result = TPMLIB_RegisterCallbacks (&callbacks);
  if (result == TPM_SUCCESS)
    {
      engine->powered = true;
      result = TPMLIB_MainInit ();
    }
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms cannot make a TPM %s: result 0x%x",
                           vtpm_tpm_version_name (engine->version), result);
  return 0;
}

int
vtpm_engine_new (enum vtpm_tpm_version version, struct vtpm_engine **engine,
                 struct vtpm_error **error)
{
  _cleanup_engine_ struct vtpm_engine *made = NULL;

  if (the_engine != NULL)
    return vtpm_error_set_plain (error, EBUSY, "this process has a TPM already");
  made = calloc (1, sizeof (*made));
  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot make a TPM");
  made->version = version;
  the_engine = made;
  if (prepare_libcrypto (error) < 0 || power_on (made, error) < 0)
    return -1;
  *engine = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_engine_free (struct vtpm_engine *engine)
{
  if (engine == NULL)
    return;
  if (engine->powered)
    TPMLIB_Terminate ();
  the_engine = NULL;
  wipe_blob (&engine->kept.permanent);
  wipe_blob (&engine->kept.volatile_state);
  wipe_blob (&engine->kept.saved);
  if (engine->response != NULL)
    explicit_bzero (engine->response, engine->response_capacity);
  TPM_Free (engine->response);
  free (engine);
}

enum vtpm_tpm_version
vtpm_engine_version (const struct vtpm_engine *engine)
{
  return engine->version;
}

void
vtpm_engine_set_locality (struct vtpm_engine *engine, uint8_t locality)
{
  engine->locality = locality;
}

int
vtpm_engine_process (struct vtpm_engine *engine, uint8_t *command, size_t size,
                     const uint8_t **response, size_t *response_size, struct vtpm_error **error)
{
  struct vtpm_tpm_header header;
  uint32_t length = 0;
  TPM_RESULT result;

  result = TPMLIB_Process (&engine->response, &length, &engine->response_capacity, command,
                           (uint32_t) size);
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms failed with result 0x%x", result);
  if (!vtpm_tpm_header_read (engine->response, length, &header) || header.size != length
      || length > VTPM_TPM_MESSAGE_MAX)
    return vtpm_error_set (error, 0, "libtpms made a malformed response of %u bytes", length);
  *response = engine->response;
  *response_size = length;
  return 0;
}

/* A command of this program's own: a header and at most one 16-bit
   parameter.  WHAT is its name in the specification.  */
struct own_command
{
  const char *what;
  uint16_t tag;
  uint32_t code;
  bool has_parameter;
  uint16_t parameter;
};

static int
execute (struct vtpm_engine *engine, const struct own_command *own, struct vtpm_error **error)
{
  uint8_t command[OWN_COMMAND_MAX];
  size_t size = own->has_parameter ? OWN_COMMAND_MAX : VTPM_TPM_HEADER_SIZE;
  struct vtpm_tpm_header header = { .tag = own->tag, .size = (uint32_t) size, .code = own->code };
  const uint8_t *response;
  size_t response_size;

  vtpm_tpm_header_write (&header, command);
  if (own->has_parameter)
    {
      command[VTPM_TPM_HEADER_SIZE] = (uint8_t) (own->parameter >> 8);
      command[VTPM_TPM_HEADER_SIZE + 1] = (uint8_t) own->parameter;
    }
  if (vtpm_engine_process (engine, command, size, &response, &response_size, error) < 0)
    return vtpm_error_wrap (error, "%s", own->what);
  vtpm_tpm_header_read (response, response_size, &header);
  if (header.code != 0)
    return vtpm_error_set (error, 0, "%s was answered with code 0x%x", own->what, header.code);
  return 0;
}

int
vtpm_engine_start (struct vtpm_engine *engine, struct vtpm_error **error)
{
  static const struct own_command startup[] = {
    [VTPM_TPM_2_0] = { "TPM2_Startup", 0x8001, 0x144, true, 0x0000 /* TPM_SU_CLEAR */ },
    [VTPM_TPM_1_2] = { "TPM_Startup", 0x00c1, 0x99, true, 0x0001 /* TPM_ST_CLEAR */ },
  };

  return execute (engine, &startup[engine->version], error);
}

int
vtpm_engine_shut_down (struct vtpm_engine *engine, struct vtpm_error **error)
{
  static const struct own_command shutdown[] = {
    [VTPM_TPM_2_0] = { "TPM2_Shutdown", 0x8001, 0x145, true, 0x0000 /* TPM_SU_CLEAR */ },
    [VTPM_TPM_1_2] = { "TPM_SaveState", 0x00c1, 0x98, false, 0 },
  };

  return execute (engine, &shutdown[engine->version], error);
}
