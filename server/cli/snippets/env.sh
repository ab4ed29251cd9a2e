# For a shell: eval "$(ecr-local print env)"
export AWS_ENDPOINT_URL=@endpoint@
export AWS_ACCESS_KEY_ID=@access_key@
export AWS_SECRET_ACCESS_KEY=@secret_key@
export AWS_REGION=@region@
export AWS_DEFAULT_REGION=@region@
