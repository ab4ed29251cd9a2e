AWS_ACCESS_KEY_ID=@access_key@ AWS_SECRET_ACCESS_KEY=@secret_key@ \
  aws --endpoint-url @endpoint@ --region @region@ ecr get-login-password |
  docker login --username AWS --password-stdin @registry@
