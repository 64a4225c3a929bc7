# Ruby's Net::HTTP. See mod.rs for what is read and printed.
require 'json'
require 'net/http'
require 'stringio'

folder = ENV.fetch('CREDIT_DIR')
uri = URI(ENV.fetch('CREDIT_URL'))
http = Net::HTTP.new(uri.host, uri.port)
http.use_ssl = true
http.ca_file = "#{folder}/ca.pem"
http.cert = OpenSSL::X509::Certificate.new(File.read("#{folder}/institutions/housing.pem"))
http.key = OpenSSL::PKey.read(File.read("#{folder}/institutions/housing.key"))
http.read_timeout = 20
http.continue_timeout = 5
TYPE = { 'Content-Type' => 'application/json' }.freeze

post = lambda do |headers = {}, &body|
  request = Net::HTTP::Post.new('/v1/queries', TYPE.merge(headers))
  body.call(request)
  http.start { |open| open.request(request) }
end

rows = {
  'body' => ->(text) { post.call { |request| request.body = text } },
  'post' => ->(text) { http.start { |open| open.post('/v1/queries', text, TYPE) } },
  'Expect' => ->(text) { post.call({ 'Expect' => '100-continue' }) { |request| request.body = text } },
  'body_stream with length' => lambda { |text|
    post.call({ 'Content-Length' => text.bytesize.to_s }) { |request| request.body_stream = StringIO.new(text) }
  },
  'body_stream chunked' => lambda { |text|
    post.call({ 'Transfer-Encoding' => 'chunked' }) { |request| request.body_stream = StringIO.new(text) }
  }
}
answers = rows.map { |name, call| [name, call.call($stdin.gets.strip)] }
answers.each do |name, answer|
  said = JSON.parse(answer.body)
  verdict = "#{answer.code} h#{answer.http_version} #{said['code']}"
  100.times do
    break if answer.code != '200' || verdict.end_with?('receipt')

    receipt = http.start { |open| open.get("/v1/receipts/#{said['query']}") }
    receipt.code == '200' && receipt.body.start_with?("c2sp.org/tlog-proof@v1\n") ? verdict << 'receipt' : sleep(0.1)
  end
  puts "Net::HTTP #{name}\t#{verdict}"
end
